/**
 * `npm run bench -- text-detection`: thousands of planted strings, frames without text, time of the
 * processor per frame, and Tesseract on the same frames where it is installed. FRAMES=n for fewer.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCanvas } from '@napi-rs/canvas'
import type { Box } from '@pandok/anonymizer'
import { loadTextNetwork } from '@pandok/anonymizer/node'
import { createTextDetector, type GrayImage } from '@pandok/anonymizer/pixels'
import { FRAME_KINDS, makeBackground } from '../conformance/pixels/backgrounds.ts'
import { blanked, isCovered, isOnText } from '../conformance/pixels/judge.ts'
import { plantText } from '../conformance/pixels/planted.ts'

const FRAMES = Number(process.env['FRAMES'] ?? 200)
/** Radiographs are ten times as large. */
const SHARE = { ct: 1, us: 1, cr: 0.05 } as const
const TESSERACT_EVERY = 10

export async function run(): Promise<void> {
  const detector = createTextDetector(await loadTextNetwork())
  const hasTesseract = spawnSync('tesseract', ['--version']).error === undefined
  const folder = await mkdtemp(join(tmpdir(), 'pandok-text-'))
  for (const kind of FRAME_KINDS) {
    const count = Math.max(1, Math.round(FRAMES * SHARE[kind]))
    const times: number[] = []
    const sum = { regions: 0, covered: 0, after: 0, onText: 0, false: 0 }
    const other = { regions: 0, covered: 0, ms: 0, frames: 0 }
    for (let seed = 1000; seed < 1000 + count; seed++) {
      const background = makeBackground(kind, seed)
      const planted = plantText(background, seed)
      const { image, regions } = planted
      const before = process.cpuUsage()
      const boxes = await detector.detect([image])
      const { user, system } = process.cpuUsage(before)
      times.push((user + system) / 1000)
      const left = await detector.detect([blanked(image, boxes)])
      sum.regions += regions.length
      sum.covered += regions.filter((each) => isCovered(each, boxes, image.width)).length
      sum.after += left.length
      sum.onText += left.filter((box) => isOnText(box, planted)).length
      sum.false += (await detector.detect([background])).length
      if (!hasTesseract || seed % TESSERACT_EVERY !== 0) continue
      const start = performance.now()
      const seen = await tesseract(image, folder)
      other.ms += performance.now() - start
      other.frames++
      other.regions += regions.length
      other.covered += regions.filter((each) => isCovered(each, seen, image.width)).length
    }
    const [median = 0, fastest = 0] = [times.sort((a, b) => a - b)[times.length >> 1], times[0]]
    print(
      `${kind}: ${sum.covered} of ${sum.regions} regions covered ` +
        `(${((100 * sum.covered) / sum.regions).toFixed(2)} %), ` +
        `${(sum.false / count).toFixed(2)} false boxes per frame without text, after blanking ` +
        `${sum.onText} on text and ${sum.after} anywhere in ${count} frames; processor time per ` +
        `frame ${median.toFixed(0)} ms (median), ${fastest.toFixed(0)} ms (least)`,
    )
    print(
      hasTesseract
        ? `${kind}, tesseract: ${other.covered} of ${other.regions} regions covered, ` +
            `${(other.ms / Math.max(1, other.frames)).toFixed(0)} ms per frame`
        : `${kind}, tesseract: not installed`,
    )
  }
  await rm(folder, { recursive: true, force: true })
}

/** Its words, each with the margin that ours have. */
async function tesseract(image: GrayImage, folder: string): Promise<Box[]> {
  const canvas = createCanvas(image.width, image.height)
  const context = canvas.getContext('2d')
  const data = context.createImageData(image.width, image.height)
  for (const [at, value] of image.pixels.entries())
    data.data.set([value, value, value, 255], 4 * at)
  context.putImageData(data, 0, 0)
  const file = join(folder, 'frame.png')
  await writeFile(file, canvas.toBuffer('image/png'))
  const { stdout } = spawnSync('tesseract', [file, '-', '--psm', '11', 'tsv'], { encoding: 'utf8' })
  return stdout
    .split('\n')
    .map((line) => line.split('\t'))
    .filter((columns) => columns[0] === '5' && Number(columns[10]) >= 0)
    .map((columns) => {
      const [left = 0, top = 0, width = 0, height = 0] = columns.slice(6, 10).map(Number)
      const margin = height / 2
      return {
        left: left - margin,
        top: top - margin,
        width: width + 2 * margin,
        height: height + 2 * margin,
      }
    })
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
