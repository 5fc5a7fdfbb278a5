/**
 * Finds text in a frame with the PP-OCRv4 detection network. It marks the middles of lines; boxes
 * are grown from them until no stroke is left outside. In: gray pixels. Out: boxes in whole pixels
 * of the frame, from the upper left on.
 */
import type { GrayImage, TextBox, TextDetector } from '../model.ts'
import { type Component, componentsOf } from './components.ts'
import { looksLikeLetters } from './letters.ts'
import { mergeBoxes } from './merge.ts'
import type { TextNetwork } from './network.ts'
import { probabilityOf } from './probability.ts'
import { type Sampled, sample } from './sample.ts'

/** Smaller frames are enlarged up to this many samples: the network overlooks letters of 10 px. */
const SAMPLES = 750_000
const MAX_SCALE = 2
/** Sides from which on letters may be too large to be seen as such without shrinking. */
const LARGE_SIDE = 1200
const SHRUNK = 1 / 3

const THRESHOLD = 0.2
const MIN_SCORE = 0.8
/** In samples: what is thinner is noise, what is thicker no line of letters but anatomy. */
const MIN_THICKNESS = 3
const MAX_THICKNESS = 48
/** A line of letters is marked as a bar; parts of the body as blots. */
const MIN_FILL = 0.7
/** What a marked middle grows by, in parts of its thickness, and in pixels. */
const GROW_ALONG = 1.5
const GROW_ACROSS = 0.8
const GROW_PX = 2

export function createTextDetector(network: TextNetwork): TextDetector {
  return {
    detect: async (image) => {
      const boxes: TextBox[] = []
      for (const scale of scalesFor(image)) {
        const sampled = sample(image, scale)
        const probability = await probabilityOf(sampled, network)
        for (const each of componentsOf(probability, sampled.width, sampled.height, THRESHOLD)) {
          if (!isLine(each)) continue
          const box = grow(each, sampled, image)
          if (looksLikeLetters(image, box)) boxes.push(box)
        }
      }
      return mergeBoxes(boxes)
    },
  }
}

function scalesFor({ width, height }: GrayImage): number[] {
  const scale = Math.min(MAX_SCALE, Math.max(1, Math.sqrt(SAMPLES / (width * height))))
  return Math.max(width, height) > LARGE_SIDE ? [scale, SHRUNK] : [scale]
}

function isLine({ width, height, score, fill }: Component): boolean {
  const thickness = Math.min(width, height)
  return (
    thickness >= MIN_THICKNESS &&
    thickness <= MAX_THICKNESS &&
    score >= MIN_SCORE &&
    fill >= MIN_FILL
  )
}

function grow(line: Component, { scaleX, scaleY }: Sampled, image: GrayImage): TextBox {
  const thickness = Math.min(line.width / scaleX, line.height / scaleY)
  const isUpright = line.height > line.width * 2
  const across = GROW_ACROSS * thickness + GROW_PX
  const along = GROW_ALONG * thickness + GROW_PX
  const [besides, above] = isUpright ? [across, along] : [along, across]
  const left = Math.max(0, Math.floor(line.left / scaleX - besides))
  const top = Math.max(0, Math.floor(line.top / scaleY - above))
  const right = Math.min(image.width, Math.ceil((line.left + line.width) / scaleX + besides))
  const bottom = Math.min(image.height, Math.ceil((line.top + line.height) / scaleY + above))
  return { left, top, width: right - left, height: bottom - top, score: line.score }
}
