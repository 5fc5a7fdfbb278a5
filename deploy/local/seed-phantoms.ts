/**
 * Gives the demonstration project two phantom patients, through the same public API and with the
 * same de-identification as any hospital's upload.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  deidentify,
  joinChunks,
  loadProfile,
  openVault,
  type ReportRow,
  sumReports,
} from '@pandok/anonymizer'
import { createClient, type SubjectClaim } from '@pandok/contract'
import { makePhantom } from '@pandok/test/phantom'
import { z } from 'zod'

const Demonstration = z.object({
  url: z.string(),
  tokenUrl: z.string(),
  project: z.object({ key: z.string() }),
  users: z.array(
    z.object({ username: z.string(), clientId: z.string(), clientSecret: z.string() }),
  ),
})

const PATIENTS = [
  { seed: 11, patientId: 'PHANTOM-0011', patientName: 'Phantom^One' },
  { seed: 12, patientId: 'PHANTOM-0012', patientName: 'Phantom^Two' },
]

/** Once in the life of the data folder. */
export async function seedPhantomsOnce(data: string, say: (line: string) => void): Promise<void> {
  const seeded = join(data, 'phantoms-seeded')
  if (existsSync(seeded)) return
  say('two phantom patients')
  await seedPhantoms(data)
  await writeFile(seeded, '')
}

async function seedPhantoms(data: string): Promise<void> {
  const demonstration = Demonstration.parse(
    JSON.parse(await readFile(join(data, 'demo.json'), 'utf8')),
  )
  const token = await tokenOf(demonstration, 'data-manager')
  const client = createClient({
    baseUrl: demonstration.url,
    getToken: () => Promise.resolve(token),
  })
  const params = { projectKey: demonstration.project.key }
  const key = await client.getDeidentificationKey({ params })
  const vault = openVault(Buffer.from(key.keyBase64, 'base64'), key.pseudonymFormat)
  const profile = loadProfile(key.profile)
  for (const patient of PATIENTS) {
    const upload = await client.createUpload({ params, body: {} })
    const sha256s: string[] = []
    const reports: (readonly ReportRow[])[] = []
    const subjects = new Map<string, SubjectClaim>()
    for (const file of makePhantom(patient).files) {
      const clean = deidentify(file.bytes, { profile, vault })
      const bytes = joinChunks(clean.chunks)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      const body = new Blob([bytes])
      await client.putUploadFile({ params: { uploadId: upload.id, sha256 }, body })
      sha256s.push(sha256)
      reports.push(clean.report)
      const { pseudonym, subjectDigest } = clean
      subjects.set(subjectDigest, { pseudonym, subjectDigest })
    }
    const report = {
      profile: key.profileLabel,
      files: sha256s.length,
      rows: sumReports(reports),
      leftOut: {},
    }
    const uploadParams = { uploadId: upload.id }
    await client.completeUpload({
      params: uploadParams,
      body: { sha256s, report, subjects: [...subjects.values()] },
    })
    const until = async (status: string) => {
      for (let tries = 0; tries < 1800; tries++) {
        const now = await client.getUpload({ params: uploadParams })
        if (now.status === status) return now
        if (now.status === 'failed') throw new Error(`a phantom was refused: ${now.failureCode}`)
        await new Promise((wake) => setTimeout(wake, 100))
      }
      throw new Error('a phantom was not taken in within three minutes')
    }
    const { studies } = await until('awaiting-qc')
    // A phantom is computed and holds no text: where the detector takes bones for letters, the
    // demonstration's data manager may say so unseen. With images of a patient a person looks first.
    for (const { seriesInstanceUid, pixels } of studies.flatMap((study) => study.series)) {
      if (pixels.findings.undecided === 0) continue
      await client.decidePixelFindings({
        params: { ...uploadParams, series: seriesInstanceUid },
        body: { decision: 'clear' },
      })
    }
    await client.decideQc({ params: uploadParams, body: { decision: 'approve' } })
    await until('archived')
  }
}

async function tokenOf(
  { tokenUrl, users }: z.infer<typeof Demonstration>,
  username: string,
): Promise<string> {
  const user = users.find((each) => each.username === username)
  const answer = await fetch(tokenUrl, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: user?.clientId ?? '',
      client_secret: user?.clientSecret ?? '',
    }),
  })
  if (!answer.ok) throw new Error(`the identity provider answered ${answer.status}`)
  return z.object({ access_token: z.string() }).parse(await answer.json()).access_token
}
