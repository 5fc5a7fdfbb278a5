/** Searching studies among many: ours over rows, Orthanc over tiny files. BENCH_STUDIES: how many. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dataSet, readDicom, value, writeDicom } from '@pandok/anonymizer/dicom'
import { makePhantom } from '../phantom/index.ts'
import { isOrthancThere, startOrthanc } from '../support/orthanc.ts'
import { medianMs, SECONDS, say, startArchive } from './archive-setup.ts'

const STUDIES = Number(process.env['BENCH_STUDIES'] ?? 10_000)
const QUERIES = [
  ['a page of 100', 'limit=100'],
  ['one patient', 'PatientID=LC04321'],
  ['a month', 'StudyDate=20200301-20200331&limit=100'],
  ['a name', 'PatientName=LC012*&limit=100'],
] as const

export async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'pandok-bench-'))
  const archive = await startArchive()
  const stops: (() => Promise<void>)[] = [archive.stop]
  try {
    await addRows(archive)
    const headers = { authorization: `Bearer ${archive.token}`, accept: 'application/dicom+json' }
    const orthanc = isOrthancThere ? await startOrthanc(join(folder, 'orthanc')) : undefined
    if (orthanc !== undefined) {
      stops.push(orthanc.stop)
      await orthanc.take(tinyFiles())
    }
    for (const [title, query] of QUERIES) {
      const ask = async (url: string, more: Record<string, string>) => {
        const answer = await fetch(`${url}/studies?${query}`, { headers: more })
        return ((await answer.json()) as unknown[]).length
      }
      const rounds = Math.max(10, SECONDS * 10)
      const found = await ask(`${archive.url}/dicomweb`, headers)
      const own = await medianMs(rounds, () => ask(`${archive.url}/dicomweb`, headers))
      const line = [
        `QIDO over ${STUDIES} studies, ${title}: ours ${own.toFixed(1)} ms (${found} found)`,
      ]
      if (orthanc !== undefined) {
        const accept = { accept: 'application/dicom+json' }
        const theirs = await ask(`${orthanc.url}/dicom-web`, accept)
        const peer = await medianMs(rounds, () => ask(`${orthanc.url}/dicom-web`, accept))
        line.push(
          `Orthanc ${peer.toFixed(1)} ms (${theirs} found), ratio ${(own / peer).toFixed(2)}`,
        )
      }
      say(line.join(', '))
    }
  } finally {
    for (const stop of stops) await stop()
    await rm(folder, { recursive: true, force: true })
  }
}

const dateOf = (number: number) => `2020${pad(1 + (number % 12), 2)}${pad(1 + (number % 28), 2)}`
const idOf = (number: number) => `LC${pad(number, 5)}`
const pad = (number: number, length: number) => String(number).padStart(length, '0')

/** One series of one instance each; the rows that archiving writes, written at once. */
async function addRows({ db, projectId }: Awaited<ReturnType<typeof startArchive>>): Promise<void> {
  const rows = Array.from({ length: STUDIES }, (_, number) => [idOf(number), dateOf(number)])
  const text = JSON.stringify(rows)
  await db.run(
    `insert into subject (project_id, pseudonym, key_version)
     select $1, row->>0, 1 from jsonb_array_elements($2::jsonb) row`,
    [projectId, text],
  )
  await db.run(
    `insert into study (project_id, subject_id, study_instance_uid, attributes, modalities,
                        series_count, instance_count)
     select $1, s.id, '1.2.840.99.' || n, jsonb_build_object(
              '00080020', jsonb_build_object('vr', 'DA', 'Value', jsonb_build_array(row->>1)),
              '00080030', '{"vr": "TM", "Value": ["101530"]}'::jsonb,
              '00080050', '{"vr": "SH"}'::jsonb, '00081030', '{"vr": "LO", "Value": ["Chest"]}'::jsonb,
              '00100010', jsonb_build_object('vr', 'PN', 'Value', jsonb_build_array(
                            jsonb_build_object('Alphabetic', row->>0))),
              '00100020', jsonb_build_object('vr', 'LO', 'Value', jsonb_build_array(row->>0))),
            '{CT}', 1, 1
       from jsonb_array_elements($2::jsonb) with ordinality each (row, n)
       join subject s on s.project_id = $1 and s.pseudonym = row->>0`,
    [projectId, text],
  )
  await db.run('analyze')
}

function tinyFiles(): Uint8Array[] {
  const [slice] = makePhantom({ seed: 7, size: 8, slices: 1 }).files
  const file = readDicom(slice?.bytes ?? new Uint8Array())
  return Array.from({ length: STUDIES }, (_, number) =>
    writeDicom({
      transferSyntaxUid: file.transferSyntaxUid,
      dataSet: dataSet([
        ...file.dataSet.values(),
        value('0020000D', 'UI', `1.2.840.99.${number}`),
        value('0020000E', 'UI', `1.2.840.99.${number}.1`),
        value('00080018', 'UI', `1.2.840.99.${number}.1.1`),
        value('00080020', 'DA', dateOf(number)),
        value('00100020', 'LO', idOf(number)),
        value('00100010', 'PN', idOf(number)),
      ]),
    }),
  )
}
