/**
 * `pandok upload` against a whole installation, as an operator runs it: a folder is de-identified here
 * and sent; a run that is killed in the middle goes on.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makePhantom } from '../phantom/index.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import { PROJECT, until } from '../support/workflow.ts'

const ROOT = join(import.meta.dirname, '../..')
const SLICES = 60

let pandok: TestInstallation
let folder: string
let state: string

beforeAll(async () => {
  pandok = await startTestInstallation()
  folder = await mkdtemp(join(tmpdir(), 'pandok-upload-in-'))
  state = await mkdtemp(join(tmpdir(), 'pandok-upload-state-'))
  const { files } = makePhantom({ seed: 11, size: 64, slices: SLICES })
  for (const { name, bytes } of files) {
    await writeFile(join(folder, name), bytes)
  }
  await writeFile(join(folder, 'note.txt'), 'no DICOM')
})
afterAll(async () => {
  await pandok.stop()
  await rm(folder, { recursive: true, force: true })
  await rm(state, { recursive: true, force: true })
})

/** `onLine` sees what it says as it says it. */
function run(
  args: readonly string[],
  onLine: (line: string, kill: () => void) => void = () => undefined,
) {
  const child = spawn(
    process.execPath,
    [
      join(ROOT, 'deploy/cli/main.mjs'),
      'upload',
      folder,
      '--project',
      PROJECT.projectKey,
      '--credentials',
      join(pandok.data, 'demo.json'),
      '--state',
      state,
      '--jobs',
      '1',
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let [out, errors] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString('utf8')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8')
    onLine(errors, () => child.kill('SIGKILL'))
  })
  const done = new Promise<{ code: number | null; out: string; errors: string }>((resolve) => {
    child.once('close', (code) => {
      resolve({ code, out, errors })
    })
  })
  return { child, done }
}
const uploads = async () => (await pandok.as('data-manager').listUploads({ params: PROJECT })).items

test('a run that is killed goes on: what is there is neither made nor sent again', async () => {
  const first = run(['--lanes', '1'])
  const half = await until(
    async () => (await uploads())[0]?.files.received ?? 0,
    (received) => received >= 10,
  )
  first.child.kill('SIGKILL')
  await first.done
  expect(half).toBeLessThan(SLICES)

  const refused = await run([]).done
  expect(refused).toMatchObject({ code: 2 })
  expect(refused.errors).toContain('--resume')

  const second = await run(['--resume']).done
  expect(second.errors).toContain(`${SLICES} of ${SLICES + 1} files sent, 1 left out`)
  expect(second).toMatchObject({ code: 1 })
  expect(second.out).toContain(`${SLICES} sent, 1 left out`)

  const [upload, ...others] = await uploads()
  expect(others).toEqual([])
  expect(upload?.files.received).toBe(SLICES)
  const detail = await until(
    () => pandok.as('data-manager').getUpload({ params: { uploadId: upload?.id ?? '' } }),
    ({ status }) => status === 'awaiting-qc',
  )
  expect(detail.files).toMatchObject({ clean: SLICES, refused: 0 })
  expect(detail.report).toMatchObject({ files: SLICES })
  // Nothing stays behind.
  expect(await readdir(state)).toEqual([])
  process.stdout.write(
    `upload command: killed after ${half} of ${SLICES} files, 0 lost, 0 sent twice\n`,
  )
}, 240_000)

test.each([
  ['no project', ['x'], 2, '--project'],
  [
    'no such input',
    ['/nowhere', '--project', 'lung', '--server', 'http://127.0.0.1:1'],
    2,
    'who sends',
  ],
])('it says what is wrong: %s', async (_title, args, code, words) => {
  const child = spawn(process.execPath, [join(ROOT, 'deploy/cli/main.mjs'), 'upload', ...args])
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8')
  })
  const got = await new Promise((resolve) => child.once('close', resolve))
  expect(got).toBe(code)
  expect(errors).toContain(words)
})

test('what it notes while it runs names neither file nor patient', async () => {
  const running = run(['--keep-open'])
  await running.done
  const [name = ''] = (await readdir(state)).filter((each) => each.endsWith('.jsonl'))
  const text = await readFile(join(state, name), 'utf8')
  expect(text.split('\n').length).toBeGreaterThan(SLICES)
  for (const word of ['.dcm', folder, 'PatientID=']) expect(text).not.toContain(word)
  const discarded = await run(['--discard', '--keep-open']).done
  expect(discarded.code).toBe(1)
  const states = (await uploads()).map(({ status }) => status)
  expect(states.filter((status) => status === 'discarded')).toHaveLength(1)
}, 240_000)
