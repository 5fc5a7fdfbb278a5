/**
 * The whole command on 1,000 CT files of 0.5 MB against `cp` of the same files and the tools that
 * are installed (Debian: libgdcm-tools, dcmtk). Each measurement of a tool is paired with a fresh
 * `cp` just before it; the figure is seconds of cp over seconds of the tool: 1 is as fast as cp.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dataSet, readDicom, value, writeDicom } from '@pandok/anonymizer/dicom'
import { makePhantom } from '../phantom/index.ts'

const FILES = 1_000
const ROUNDS = 5
const MAIN = join(import.meta.dirname, '../../deploy/cli/main.mjs')
const DCMJS = join(import.meta.dirname, 'dcmjs-anonymize.mjs')

interface Tool {
  readonly name: string
  readonly isThere: boolean
  /** A shell command from the folder `$IN` to the folder `$OUT`. */
  readonly command: string
}

const ours = (jobs: number) =>
  `'${process.execPath}' '${MAIN}' deidentify "$IN" --out "$OUT" --key-file "$OUT.key" --jobs ${jobs}`

const TOOLS: readonly Tool[] = [
  { name: 'pandok, one worker', isThere: true, command: ours(1) },
  { name: 'pandok, two workers', isThere: true, command: ours(2) },
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
]

/** On disk, and where there is one on a memory file system. */
export async function run(): Promise<void> {
  const places = [tmpdir(), ...(existsSync('/dev/shm') ? ['/dev/shm'] : [])]
  for (const place of places) {
    const folder = await mkdtemp(join(place, 'pandok-bench-'))
    try {
      await makeFiles(join(folder, 'in'))
      for (const tool of TOOLS) {
        if (!tool.isThere) process.stdout.write(`${tool.name}: not installed\n`)
        else measure(tool, folder, place)
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

function measure({ name, command }: Tool, folder: string, place: string): void {
  const ratios: number[] = []
  const cpuRatios: number[] = []
  for (let round = -1; round < ROUNDS; round++) {
    const copy = timed('cp -r "$IN" "$OUT"', folder)
    const tool = timed(command, folder)
    // The first round warms caches up.
    if (round < 0) continue
    ratios.push(copy.seconds / tool.seconds)
    cpuRatios.push(tool.cpuSeconds / copy.cpuSeconds)
  }
  process.stdout.write(
    `${place}: ${name}: ${median(ratios).toFixed(2)} of cp ` +
      `(${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}), ` +
      `${median(cpuRatios).toFixed(1)} x the CPU of cp\n`,
  )
}

/** The output is flushed and removed outside the time. */
function timed(command: string, folder: string): { seconds: number; cpuSeconds: number } {
  const env = { ...process.env, IN: join(folder, 'in'), OUT: join(folder, 'out') }
  const { stderr, status } = spawnSync(
    'bash',
    ['-c', `TIMEFORMAT='T %R %U %S'; time { ${command}; }`],
    {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
      maxBuffer: 1 << 28,
    },
  )
  const times = /T ([\d.]+) ([\d.]+) ([\d.]+)\s*$/.exec(stderr)
  if (times === null || status !== 0) throw new Error(`the command failed: ${command}`)
  const files = execFileSync('bash', ['-c', 'find "$OUT" -type f -size +100k | wc -l'], { env })
  if (Number(files.toString()) < FILES) throw new Error(`not all files were written: ${command}`)
  execFileSync('bash', ['-c', 'rm -rf "$OUT" "$OUT".key*; sync'], { env })
  const [, seconds = '0', user = '0', system = '0'] = times
  return { seconds: Number(seconds), cpuSeconds: Number(user) + Number(system) }
}

async function makeFiles(folder: string): Promise<void> {
  await mkdir(folder)
  const { files } = makePhantom({ seed: 1, size: 512, slices: 20 })
  for (let index = 0; index < FILES; index++) {
    const { dataSet: slice, transferSyntaxUid } = readDicom(
      files[index % files.length]?.bytes ?? new Uint8Array(),
    )
    const own = dataSet([...slice.values(), value('00080018', 'UI', `2.25.77${index}`)])
    await writeFile(join(folder, `${index}.dcm`), writeDicom({ transferSyntaxUid, dataSet: own }))
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
