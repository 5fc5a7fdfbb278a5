/**
 * The whole command against `cp` of the same files and the tools that are installed (Debian:
 * libgdcm-tools, dcmtk, orthanc): 1,000 CT files of 0.5 MB, 10,000 of them, and a multi-frame file of
 * 400 MB. Each measurement is paired with a fresh `cp` just before it; the figure is seconds of cp
 * over seconds of the tool: 1 is as fast as cp.
 */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeMultiFrame } from '../support/multi-frame.ts'
import { isOrthancThere, startOrthanc } from '../support/orthanc.ts'
import { makeFiles } from './make-files.ts'
import { anonymizeByOrthanc, filesIn } from './orthanc.ts'
import { COPY, clear, HEADERS_ONLY, median, ours, type Timed, timed } from './timed.ts'

const FILES = 1_000
const MORE_FILES = 10_000
const FRAMES = 800
const ROUNDS = 5
const FEW_ROUNDS = 3
const DCMJS = join(import.meta.dirname, 'dcmjs-anonymize.mjs')
const BARE_COPY = join(import.meta.dirname, 'bare-copy.mjs')

interface Tool {
  readonly name: string
  readonly isThere: boolean
  readonly command: string
}

const OURS: readonly Tool[] = [1, 2].map((jobs) => ({
  name: `pandok, ${jobs === 1 ? 'one worker' : 'two workers'}`,
  isThere: true,
  command: ours(jobs),
}))

/** What nothing in Node goes below. */
const BARE: Tool = {
  name: 'a bare read and write in Node',
  isThere: true,
  command: `'${process.execPath}' '${BARE_COPY}' "$IN" "$OUT"`,
}

const OTHERS: readonly Tool[] = [
  {
    name: 'gdcmanon',
    isThere: existsSync('/usr/bin/gdcmanon'),
    command: 'gdcmanon --dumb --empty 10,10 --empty 10,20 --continue -r "$IN" "$OUT"',
  },
  {
    name: 'dcmodify (in place, after cp)',
    isThere: existsSync('/usr/bin/dcmodify'),
    command: 'cp -r "$IN" "$OUT" && dcmodify -nb -ma PatientName=x -ma PatientID=x "$OUT"/*',
  },
  {
    name: 'dcmjs (read, four names, write)',
    isThere: true,
    command: `'${process.execPath}' '${DCMJS}' "$IN" "$OUT"`,
  },
  // Nowhere to be had as a package.
  { name: 'CTP', isThere: false, command: '' },
]

/** On disk, and where there is one on a memory file system. */
export async function run(): Promise<void> {
  for (const place of [tmpdir(), ...(existsSync('/dev/shm') ? ['/dev/shm'] : [])]) {
    await inFolder(place, async (folder) => {
      await makeFiles(join(folder, 'in'), { files: FILES, size: 512 })
      for (const tool of [BARE, ...OURS, ...OTHERS])
        await measure(tool, folder, place, FILES, ROUNDS)
      await measureOrthanc(folder, place)
    })
    await inFolder(place, async (folder) => {
      await mkdir(join(folder, 'in'))
      await writeMultiFrame(join(folder, 'in/large.dcm'), FRAMES)
      const tool = { name: 'pandok, one file of 400 MB', isThere: true, command: ours(1) }
      await measure({ ...BARE, name: `${BARE.name}, 400 MB` }, folder, place, 1, ROUNDS)
      await measure(tool, folder, place, 1, ROUNDS)
    })
  }
  await inFolder(tmpdir(), async (folder) => {
    await makeFiles(join(folder, 'in'), { files: MORE_FILES, size: 512 })
    for (const tool of [BARE, ...OURS])
      await measure(tool, folder, tmpdir(), MORE_FILES, FEW_ROUNDS)
  })
}

async function inFolder(place: string, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(place, 'pandok-bench-'))
  try {
    await writeFile(join(folder, 'profile.yaml'), HEADERS_ONLY)
    await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function measure(
  { name, isThere, command }: Tool,
  folder: string,
  place: string,
  files: number,
  rounds: number,
): Promise<void> {
  const title = `${place}: ${files} files: ${name}`
  if (!isThere) {
    process.stdout.write(`${title}: not installed\n`)
    return
  }
  const pairs: { copy: Timed; tool: Timed }[] = []
  // The first round warms caches up.
  for (let round = -1; round < rounds; round++) {
    const copy = await timed(COPY, folder, files)
    const tool = await timed(command, folder, files)
    if (round >= 0) pairs.push({ copy, tool })
  }
  const ratios = pairs.map(({ copy, tool }) => copy.seconds / tool.seconds)
  const cpuRatios = pairs.map(({ copy, tool }) => tool.cpuSeconds / copy.cpuSeconds)
  const peak = Math.max(...pairs.map(({ tool }) => tool.peakMib))
  process.stdout.write(
    `${title}: ${ratioText(ratios)}, ${median(cpuRatios).toFixed(1)} x the CPU of cp, ` +
      `${median(pairs.map(({ tool }) => tool.seconds)).toFixed(2)} s, ${peak.toFixed(0)} MiB\n`,
  )
}

async function measureOrthanc(folder: string, place: string): Promise<void> {
  const title = `${place}: ${FILES} files: Orthanc (from its storage, over loopback)`
  if (!isOrthancThere) {
    process.stdout.write(`${title}: not installed\n`)
    return
  }
  const orthanc = await startOrthanc(join(folder, 'orthanc'), { Plugins: [] })
  try {
    const ids = await orthanc.take(filesIn(join(folder, 'in')))
    const ratios: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const copy = await timed(COPY, folder, FILES)
      ratios.push(copy.seconds / (await anonymizeByOrthanc(orthanc, ids, join(folder, 'out'))))
      clear(folder)
    }
    process.stdout.write(`${title}: ${ratioText(ratios)}\n`)
  } finally {
    await orthanc.stop()
  }
}

function ratioText(ratios: readonly number[]): string {
  const range = `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}`
  return `${median(ratios).toFixed(2)} of cp (${range})`
}
