/** Korean law as a hospital keeps it: the ledger, the keys, and the way back for two persons together. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { deflateRawSync } from 'node:zlib'
import { dataSet, getString, readDicom, value, writeDicom } from '@pandok/anonymizer/dicom'
import { type Entry, verifyLedger } from '@pandok/anonymizer/ledger'
import type { CliIo } from '@pandok/anonymizer/node'
import { runEvidenceCli } from '@pandok/anonymizer/node/evidence'
import { runKeyCli } from '@pandok/anonymizer/node/key'
import { runLedgerCli } from '@pandok/anonymizer/node/ledger'
import { runPseudonymsCli } from '@pandok/anonymizer/node/pseudonyms'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import yauzl from 'yauzl'
import { makePhantom, type Phantom } from '../phantom/index.ts'

const MAIN = join(import.meta.dirname, '../../deploy/cli/main.mjs')
let files: Phantom['files'] = []
let folder = ''

beforeAll(() => {
  files = makePhantom({ seed: 9, size: 64, slices: 4 }).files
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pandok-law-'))
  await mkdir(at('in'))
  for (const file of files) await writeFile(at('in', file.name), file.bytes)
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const at = (...parts: string[]) => join(folder, ...parts)

interface Ended {
  readonly code: number | null
  readonly text: string
}

/** A process of its own, as a hospital runs it. */
async function started(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
  }
  await once(child, 'close')
  return { code: child.exitCode, text }
}

type Command = (args: readonly string[], io: CliIo) => Promise<number>
const COMMANDS: Readonly<Record<string, Command>> = {
  ledger: runLedgerCli,
  key: runKeyCli,
  pseudonyms: runPseudonymsCli,
  evidence: runEvidenceCli,
}

/** The same without the wait for a process, where none is needed. */
async function pandok(name: string, ...args: string[]): Promise<Ended> {
  let text = ''
  const say = (more: string) => {
    text += more
  }
  const code = await COMMANDS[name]?.(args, { out: say, error: say })
  return { code: code ?? null, text }
}

const AGREED = [
  ...['--purpose', 'scientific-research', '--about', '폐암 예후 예측'],
  ...['--basis', '개인정보 보호법 28-2', '--recipient', '한림 AI 연구소', '--until', '2999-12-31'],
]
const deidentify = (out: string, ...more: string[]) =>
  started(
    'deidentify',
    at('in'),
    '--out',
    at(out),
    '--key-file',
    at('keys'),
    '--jobs',
    '1',
    ...more,
  )
const recorded = (out: string, ...more: string[]) =>
  deidentify(out, '--ledger', at('ledger'), ...AGREED, ...more)
const entries = (): readonly Entry[] => verifyLedger(readFileSync(at('ledger'), 'utf8')).entries
const kinds = () => entries().map(({ kind }) => kind)
const KEYS = () => ['--key-file', at('keys')]

/** Values of the original that no record may hold. */
function originals(): { patientId: string; name: string; study: string } {
  const { dataSet: original } = readDicom(files[0]?.bytes ?? new Uint8Array())
  return {
    patientId: getString(original, '00100020'),
    name: getString(original, '00100010'),
    study: getString(original, '0020000D'),
  }
}

describe('the ledger', { timeout: 90_000 }, () => {
  test('a run is recorded, handed on, recalled and destroyed; the record outlives it by three years', async () => {
    const run = await recorded('out')
    expect(run).toMatchObject({ code: 0 })
    expect(kinds()).toEqual(['opened', 'deidentification-begun', 'deidentified'])
    expect(entries()[2]).toMatchObject({
      begun: 2,
      purpose: 'scientific-research',
      counts: { inputs: 4, written: 4, refused: {}, subjects: 1 },
      isComplete: true,
    })
    expect(run.text).toContain(`anchor: 3:${entries()[2]?.hash ?? 'none'}`)

    const handed = ['--what', 'release 1', '--recipient', 'Partner', '--place', 'safe zone 2']
    const copy = (of: string, until: string) =>
      pandok('ledger', 'copy', at('ledger'), ...KEYS(), '--of', of, ...handed, '--until', until)
    expect(await copy('3', '2020-01-01')).toMatchObject({ code: 0 })
    expect(await copy('2', '2020-01-01')).toMatchObject({ code: 2 })
    const recall = await pandok('ledger', 'recall', at('ledger'))
    expect(recall.code).toBe(1)
    expect(recall.text).toMatch(
      /^ {3}4 {2}2020-01-01 OVERDUE {2}Partner[^\n]*\n {3}3 {2}2999-12-31/,
    )

    const gone = ['--how', 'overwritten', '--by', 'security officer', '--on', '2026-02-28']
    const destroy = (...which: string[]) =>
      pandok('ledger', 'destroyed', at('ledger'), ...KEYS(), ...which, ...gone)
    expect((await destroy('--copy', '4')).text).toContain('three years after the last copy')
    expect(await destroy('--copy', '4')).toMatchObject({ code: 2 })
    expect((await destroy('--all')).text).toContain('kept until 2029-02-28')
    const verified = await pandok('ledger', 'verify', at('ledger'), ...KEYS())
    expect(verified).toMatchObject({ code: 0 })
    expect(verified.text).toContain('chain and signatures hold')
  })

  test('a run that ends early is recorded with what it had done', async () => {
    // The place where the second subject's folder would be is taken.
    const [file] = files
    const { dataSet: original, transferSyntaxUid } = readDicom(file?.bytes ?? new Uint8Array())
    const other = dataSet([...original.values(), value('00100020', 'LO', 'ANOTHER')])
    expect(await deidentify('probe')).toMatchObject({ code: 0 })
    await writeFile(at('in', 'zz.dcm'), writeDicom({ transferSyntaxUid, dataSet: other }))
    expect(await deidentify('probe', '--resume')).toMatchObject({ code: 1 })
    const [pseudonym = ''] = readdirSync(at('probe')).filter((name) => name.startsWith('LC'))
    await mkdir(at('out'))
    await writeFile(at('out', pseudonym), '')
    expect(await recorded('out', '--resume')).toMatchObject({ code: 2 })
    expect(entries()[2]).toMatchObject({ isComplete: false, reportSha256: null })
  })

  test('a run that is killed is on record, and its outputs on the recall list', async () => {
    const args = ['deidentify', at('in'), '--out', at('out'), ...KEYS(), '--ledger', at('ledger')]
    const child = spawn(process.execPath, [MAIN, ...args, ...AGREED], { stdio: 'ignore' })
    const closed = once(child, 'close')
    const isBegun = () =>
      existsSync(at('ledger')) && read('ledger').includes('"deidentification-begun"')
    // Asked for again at once: the whole run lasts a second.
    while (!isBegun() && child.exitCode === null) await sleep(1)
    child.kill('SIGKILL')
    await closed
    expect(kinds()).toEqual(['opened', 'deidentification-begun'])
    const recall = () => pandok('ledger', 'recall', at('ledger'))
    const killed = 'outputs of run 2, whose end is not on record'
    expect((await recall()).text).toContain(killed)

    expect(await recorded('out', '--resume')).toMatchObject({ code: 0 })
    expect(kinds().slice(2)).toEqual(['deidentification-begun', 'deidentified'])
    expect(entries()[3]).toMatchObject({ begun: 3, isComplete: true, counts: { inputs: 4 } })
    // What was killed stays on the list until somebody says what became of it.
    expect((await recall()).text).toContain(killed)
    expect((await recall()).text).toContain('outputs of run 4 ')
    const gone = ['--how', 'finished as run 4', '--by', 'security officer']
    const destroyed = ['destroyed', at('ledger'), ...KEYS(), '--copy', '2', ...gone]
    expect(await pandok('ledger', ...destroyed)).toMatchObject({ code: 0 })
    expect((await recall()).text).not.toContain(killed)
    expect(await pandok('ledger', 'verify', at('ledger'), ...KEYS())).toMatchObject({ code: 0 })
  })

  test('what may not be recorded is said before anything is written', async () => {
    const cases: [string[], RegExp][] = [
      [[], /asks for --purpose/],
      [[...AGREED, '--purpose', 'marketing'], /--purpose: one of/],
      [[...AGREED, '--until', '2020-01-01'], /--until/],
      [[...AGREED, '--recipient', 'kim@hospital.kr'], /recipient: holds/],
    ]
    for (const [args, sentence] of cases) {
      const { code, text } = await deidentify('out', '--ledger', at('ledger'), ...args)
      expect(text).toMatch(sentence)
      expect(code).toBe(2)
    }
    const within = await deidentify('out', '--ledger', at('out', 'ledger'), ...AGREED)
    expect(within.text).toMatch(/lies within the folder of outputs/)
    expect(readdirSync(folder).sort()).toEqual(['in', 'keys'])
  })

  test('a last line torn at any byte is cut off, and an entry says so; anything else is not continued', async () => {
    expect(await recorded('out')).toMatchObject({ code: 0 })
    const { appendToLedger } = await import('../../anonymizer/src/node/ledger-file.ts')
    const { readKeys } = await import('../../anonymizer/src/node/key-file.ts')
    const keys = readKeys(at('keys'))
    const whole = readFileSync(at('ledger'))
    const first = whole.indexOf(0x0a) + 1
    const lengths = Array.from({ length: whole.length - 1 }, (_, length) => length + 1).filter(
      (length) => length % 5 === 0 || [first - 1, first + 1, whole.length - 1].includes(length),
    )
    let [repaired, torn] = [0, 0]
    for (const length of lengths) {
      await writeFile(at('torn'), whole.subarray(0, length))
      const begin = whole.subarray(0, length).lastIndexOf(0x0a) + 1
      const isTorn = length !== begin
      if (isTorn) torn++
      const isOnlyEnd = whole[length] === 0x0a
      appendToLedger(at('torn'), keys, () => [
        { kind: 'key-rotated', to: keys.current.fingerprint },
      ])
      const after = verifyLedger(readFileSync(at('torn'), 'utf8'))
      expect(after.fault).toBeUndefined()
      const mended = after.entries.filter((each) => each.kind === 'repaired')
      expect(mended).toHaveLength(isTorn ? 1 : 0)
      const lost = isOnlyEnd ? 0 : length - begin
      if (isTorn && mended[0]?.lostBytes === lost) repaired++
    }
    console.log(`ledger: ${repaired} of ${torn} torn ends repaired and recorded`)
    expect(repaired).toBe(torn)

    await writeFile(at('ledger'), whole.toString().replace('2999', '2998'))
    const { code, text } = await recorded('more')
    expect(text).toMatch(/LEDGER_HASH at line 2: the ledger is not continued/)
    expect(code).toBe(2)
  })

  test('the anchor shows a cut end; the keys show a rebuilt chain', async () => {
    expect(await recorded('out')).toMatchObject({ code: 0 })
    const anchor = `3:${entries()[2]?.hash ?? ''}`
    const verify = (...more: string[]) =>
      pandok('ledger', 'verify', at('ledger'), ...KEYS(), '--anchor', anchor, ...more)
    expect(await verify()).toMatchObject({ code: 0 })
    const text = readFileSync(at('ledger'), 'utf8')
    truncateSync(at('ledger'), text.indexOf('\n') + 1)
    expect((await verify()).text).toContain('LEDGER_ANCHOR')
    appendFileSync(at('ledger'), text.slice(text.indexOf('\n') + 1))
    expect(await verify()).toMatchObject({ code: 0 })
    await copyFile(at('ledger'), at('kept'))
    await rm(at('ledger'))
    await rm(at('keys'))
    expect(await recorded('other')).toMatchObject({ code: 0 })
    await copyFile(at('kept'), at('ledger'))
    expect((await verify()).text).toContain('LEDGER_KEY')
  })
})

describe('keys', { timeout: 90_000 }, () => {
  test('a rotated key joins nothing; the old one finishes and checks what it made', async () => {
    expect(await recorded('first')).toMatchObject({ code: 0 })
    const [before = ''] = readdirSync(at('first')).filter((name) => name.startsWith('LC'))
    const shown = await pandok('key', 'show', at('keys'))
    const old = shown.text.slice(0, 16)
    expect(shown.text).toMatch(/^[0-9a-f]{16} {2}current/)
    const rotated = await pandok('key', 'rotate', at('keys'))
    expect(rotated.text).toMatch(new RegExp(`^${old} {2}retired.*\\n[0-9a-f]{16} {2}current`))
    const [, fresh = ''] = /\n([0-9a-f]{16}) {2}current/.exec(rotated.text) ?? []
    expect(rotated.text).not.toContain(readFileSync(at('keys'), 'utf8').slice(60, 80))
    expect(statSync(at('keys')).mode & 0o777).toBe(0o600)

    expect(await recorded('second')).toMatchObject({ code: 0 })
    expect(readdirSync(at('second'))).not.toContain(before)
    expect(kinds()).toEqual([
      'opened',
      ...['deidentification-begun', 'deidentified'],
      'key-rotated',
      ...['deidentification-begun', 'deidentified'],
    ])
    expect(await pandok('ledger', 'verify', at('ledger'), ...KEYS())).toMatchObject({ code: 0 })

    // Nothing of the new key comes among what was made with the old one.
    const made = readdirSync(at('first'), { recursive: true }).length
    const refused = await deidentify('first', '--resume')
    expect(refused.code).toBe(2)
    expect(refused.text).toBe(
      `--resume: what is in --out was made with key ${old}, not with ${fresh}; ` +
        `go on with --key ${old}, or choose another folder\n`,
    )
    expect(readdirSync(at('first'), { recursive: true })).toHaveLength(made)
    const again = await deidentify('first', '--resume', '--key', old)
    expect(again.text).toContain('4 there before')
    expect(await deidentify('x', '--key', '0000000000000000')).toMatchObject({ code: 2 })
  })

  test('a file of one line is read; one that others may read or that lies with the data is not', async () => {
    await writeFile(at('keys'), `${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 })
    expect(await deidentify('out')).toMatchObject({ code: 0 })
    expect((await pandok('key', 'rotate', at('keys'))).text).toMatch(/retired {2}since unknown\n/)
    await chmod(at('keys'), 0o640)
    expect((await deidentify('more')).text).toMatch(/others may read the key file/)
    const within = ['--out', at('out2'), '--key-file', at('out2', 'sub', 'keys')]
    const { code, text } = await started('deidentify', at('in'), ...within)
    expect(text).toMatch(/the key file lies within the folder of outputs/)
    expect(code).toBe(2)
  })
})

describe('the pseudonym table', { timeout: 90_000 }, () => {
  const CORRECT = ['correct horse one', 'correct horse two', 'correct horse three']
  const persons = ['kim', 'lee', 'park']
  const pass = (index: number) => ['--passphrase-file', at(`pass${index}`)]
  const table = () => [at('table'), '--ledger', at('ledger'), ...KEYS()]

  test('two persons together open what was asked for; all of it is on record', async () => {
    for (const [index, text] of CORRECT.entries()) {
      await writeFile(at(`pass${index}`), `${text}\n`, { mode: 0o600 })
    }
    await writeFile(at('pass3'), 'a wrong passphrase\n', { mode: 0o600 })
    const { patientId, name, study } = originals()
    expect(await deidentify('probe')).toMatchObject({ code: 0 })
    const [pseudonym = ''] = readdirSync(at('probe')).filter((each) => each.startsWith('LC'))
    expect((await deidentify('x', '--pseudonym-table', at('table'))).text).toMatch(
      /asks for --ledger/,
    )

    const named = persons.flatMap((each, index) => ['--person', each, ...pass(index)])
    expect(await pandok('pseudonyms', 'init', ...table(), ...named)).toMatchObject({ code: 0 })
    const own = ['--pseudonym-table', at('table')]
    expect(await recorded('out', ...own)).toMatchObject({ code: 0 })
    // A second run of the same adds nothing.
    expect(await recorded('again', ...own)).toMatchObject({ code: 0 })
    expect(readFileSync(at('table'), 'utf8').trim().split('\n')).toHaveLength(2)

    const asking = ['--pseudonym', pseudonym, '--reason', 'incidental finding', '--by', 'choi']
    expect(await pandok('pseudonyms', 'request', ...table(), ...asking)).toMatchObject({ code: 0 })
    const request = entries().at(-1)?.sequence ?? 0
    const open = (one: number, two: number, secret = two, to = 'shown') =>
      pandok(
        'pseudonyms',
        'open',
        ...table(),
        '--request',
        String(request),
        ...[
          ...['--person', persons[one] ?? '', ...pass(one)],
          ...['--person', persons[two] ?? '', ...pass(secret), '--to', at(to)],
        ],
      )
    const wrong = await open(0, 1, 3)
    expect(wrong).toMatchObject({ code: 2 })
    expect(wrong.text).toMatch(/passphrase of lee/)
    expect((await open(1, 1, 0)).text).toMatch(/two different persons/)
    expect(readdirSync(folder)).not.toContain('shown')
    const opened = await open(0, 2)
    expect(opened).toMatchObject({ code: 0 })
    const shown = readFileSync(at('shown'), 'utf8')
    expect(shown).toContain(`${pseudonym}\t${patientId}\t`)
    expect(shown).toContain(study)
    expect(statSync(at('shown')).mode & 0o777).toBe(0o600)
    expect((await open(0, 2, 2, 'more')).text).toMatch(/needs another request/)
    expect(kinds().slice(6)).toEqual([
      'reidentification-requested',
      'reidentification-refused',
      'reidentification-approved',
      'reidentification-approved',
      'reidentification-done',
    ])
    const told = [wrong.text, opened.text, ...['ledger', 'table', 'keys.subjects'].map(read)]
    for (const secret of [patientId, name, study, ...CORRECT]) {
      for (const text of told) expect(text).not.toContain(secret)
    }
  })

  test('a table whose key was exchanged is not written to', async () => {
    for (const [index, text] of CORRECT.entries()) {
      await writeFile(at(`pass${index}`), text, { mode: 0o600 })
    }
    expect(await deidentify('probe')).toMatchObject({ code: 0 })
    const named = ['--person', 'kim', ...pass(0), '--person', 'lee', ...pass(1)]
    expect(await pandok('pseudonyms', 'init', ...table(), ...named)).toMatchObject({ code: 0 })
    const header = JSON.parse(readFileSync(at('table'), 'utf8')) as Record<string, unknown>
    const exchanged = { ...header, publicKey: Buffer.alloc(32, 9).toString('base64') }
    await writeFile(at('table'), `${JSON.stringify(exchanged)}\n`)
    const { code, text } = await recorded('out', '--pseudonym-table', at('table'))
    expect(text).toMatch(/the ledger does not know this pseudonym table/)
    expect(code).toBe(2)
  })
})

describe('evidence', { timeout: 90_000 }, () => {
  const pack = async (...more: string[]) => {
    const ledger = ['--ledger', at('ledger'), ...KEYS()]
    const report = ['--report', at('out', 'report.json')]
    return pandok('evidence', at('out'), ...report, '--out', at('pack.zip'), ...ledger, ...more)
  }

  test('profile, counts, residual scan and sample in one zip; each part by its digest; on record', async () => {
    expect(await recorded('out')).toMatchObject({ code: 0 })
    const { patientId, name, study } = originals()
    await writeFile(at('list'), [patientId, name, study, 'HN-7777777'].join('\n'))
    const { code, text } = await pack('--sample', '2', '--identifiers', at('list'))
    expect(text).toContain(
      '4 files looked through, 0 with findings (0 in their bytes); 2 in the sample',
    )
    expect(code).toBe(0)
    const files = await unzipped(at('pack.zip'))
    expect([...files.keys()]).toEqual([
      'index.ko.html',
      'index.en.html',
      'profile.txt',
      'report.json',
      'residual.json',
      'sample/001.html',
      'sample/002.html',
      'manifest.json',
    ])
    const manifest = JSON.parse(files.get('manifest.json')?.toString() ?? '') as {
      files: { name: string; sha256: string }[]
    }
    for (const each of manifest.files) {
      expect(sha256(files.get(each.name) ?? Buffer.alloc(0)), each.name).toBe(each.sha256)
    }
    expect(manifest.files).toHaveLength(files.size - 1)
    const ko = files.get('index.ko.html')?.toString() ?? ''
    expect(ko).toContain('과학적 연구: 폐암 예후 예측')
    expect(ko).toContain('한림 AI 연구소')
    expect(ko).toContain('발견되지 않음')
    expect(files.get('sample/001.html')?.toString()).toMatch(/\(0010,0020\).*PatientID.*LC\d{5}/)
    for (const bytes of files.values()) {
      for (const secret of [patientId, name, study, 'HN-7777777']) {
        expect(bytes.includes(secret)).toBe(false)
      }
    }
    expect(entries().at(-1)).toMatchObject({
      kind: 'checked',
      files: 4,
      withFindings: 0,
      evidenceSha256: sha256(readFileSync(at('pack.zip'))),
    })
  })

  test('what is left is found: in an output, in a file that no report names, in what is no DICOM', async () => {
    expect(await recorded('out')).toMatchObject({ code: 0 })
    const [output = ''] = readdirSync(at('out'), { recursive: true, encoding: 'utf8' }).filter(
      (each) => each.endsWith('.dcm'),
    )
    const { dataSet: clean, transferSyntaxUid } = readDicom(readFileSync(at('out', output)))
    const spoilt = dataSet([...clean.values(), value('00104000', 'LT', 'call 010-1234-5678')])
    await writeFile(at('out', output), writeDicom({ transferSyntaxUid, dataSet: spoilt }))
    await writeFile(at('out', 'left.zip'), deflateRawSync('x'))
    await writeFile(at('list'), 'KIM MINSU\n')
    await writeFile(at('out', 'notes.txt'), Buffer.from('KIM^MINSU').toString('base64'))
    const { code, text } = await pack('--identifiers', at('list'))
    expect(text).toContain('6 files looked through, 3 with findings (2 in their bytes)')
    expect(code).toBe(1)
    const residual = JSON.parse(
      (await unzipped(at('pack.zip'))).get('residual.json')?.toString() ?? '',
    ) as object
    expect(residual).toMatchObject({
      withFindings: 3,
      codes: { DICOM_NOT_PART10: 2 },
      raw: { phone: 1, listed: { base64: 1 } },
    })
  })

  test('another profile, another report, a pack within the data: exit 2 and a sentence', async () => {
    expect(await recorded('out')).toMatchObject({ code: 0 })
    expect((await pack('--profile', 'basic')).text).toMatch(
      /not the profile that the report speaks of/,
    )
    expect((await pack('--out', at('out', 'pack.zip'))).text).toMatch(/lies within the folder/)
    appendFileSync(at('out', 'report.json'), '\n')
    expect((await pack()).text).toMatch(/the ledger knows no run with this report/)
  })
})

async function unzipped(path: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  const zip = await yauzl.openPromise(path)
  for await (const entry of zip.eachEntry()) {
    const chunks: Buffer[] = []
    for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer)
    files.set(entry.fileName, Buffer.concat(chunks))
  }
  return files
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

test('every command is found', { timeout: 60_000 }, async () => {
  for (const name of Object.keys(COMMANDS)) {
    const { code, text } = await started(name)
    expect(text).toContain(`pandok ${name}`)
    expect(code).toBe(2)
  }
})

function read(name: string): string {
  return readFileSync(at(name), 'utf8')
}
