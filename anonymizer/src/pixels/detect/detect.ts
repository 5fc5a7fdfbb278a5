/**
 * Finds text in a frame with the PP-OCRv4 detection network, where there are strokes. It marks the
 * middles of lines; boxes are grown from them until no stroke is left outside. In: renderings of one
 * frame in gray. Out: boxes in whole pixels of the frame, from the upper left on.
 */
import type { Box, GrayImage, TextBox, TextDetector } from '../model.ts'
import { areasOf } from './areas.ts'
import { type Component, componentsOf } from './components.ts'
import { looksLikeLetters } from './letters.ts'
import { mergeBoxes } from './merge.ts'
import type { TextNetwork } from './network.ts'
import { probabilityOf } from './probability.ts'
import { type Sampled, sample, shrink } from './sample.ts'
import { beyond, type StrokeMap, strokesIn } from './strokes.ts'

/** Smaller frames are enlarged up to this many samples: the network overlooks letters of 10 px. */
const SAMPLES = 750_000
const MAX_SCALE = 2
/** Sides from which on letters may be too large to be seen as such without shrinking. */
const LARGE_SIDE = 1200
const SHRUNK_BY = 3

const THRESHOLD = 0.2
const MIN_SCORE = 0.8
/** In samples: what is thinner is noise, what is thicker no line of letters but anatomy. */
const MIN_THICKNESS = 3
const MAX_THICKNESS = 48
/** A line of letters is marked as a bar; parts of the body as blots. */
const MIN_FILL = 0.6
/** What is hardly longer than thick is one letter, or a vertebra. */
const MIN_ASPECT = 1.6
const MIN_SHORT_SCORE = 0.97
/** Below, the network sees more of the line when it sees more of what is around it. */
const SURE_SCORE = 0.95
const AROUND_PX = 256
/** What a marked middle grows by, in parts of its thickness, and in pixels. */
const GROW_ALONG = 1.5
const GROW_ACROSS = 0.8
const GROW_PX = 2

/** Without the text around it, the network sees some of what it overlooked before. */
const MAX_ROUNDS = 3

export function createTextDetector(network: TextNetwork): TextDetector {
  return {
    detect: async (renderings) => {
      let boxes: readonly TextBox[] = []
      for (let round = 1; round <= MAX_ROUNDS; round++) {
        const seen = renderings.map((each) => (boxes.length === 0 ? each : blanked(each, boxes)))
        const found = await detectOnce(seen, network)
        if (found.length === 0) break
        boxes = mergeBoxes([...boxes, ...found])
      }
      return boxes
    },
  }
}

async function detectOnce(
  renderings: readonly GrayImage[],
  network: TextNetwork,
): Promise<TextBox[]> {
  const boxes: TextBox[] = []
  /** Strokes that an earlier rendering shows as well, by level. */
  const known = new Map<number, StrokeMap>()
  for (const rendering of renderings) {
    for (const { image, shrunkBy, enlargedBy } of levelsOf(rendering)) {
      const strokes = strokesIn(image)
      const areas = areasOf(beyond(strokes, known.get(shrunkBy)), image)
      known.set(shrunkBy, strokes)
      if (areas.length === 0) continue
      const sampled = sample(image, enlargedBy)
      const linesIn = async (parts: readonly Box[]) => {
        const probability = await probabilityOf(sampled, parts, network)
        return componentsOf(probability, sampled.width, sampled.height, THRESHOLD)
          .filter(isLine)
          .map((line) => ({ line, box: grow(line, sampled, shrunkBy, rendering) }))
          .filter(({ box }) => looksLikeLetters(rendering, box))
      }
      const found = await linesIn(areas)
      const unsure = found.filter(({ line }) => line.score < SURE_SCORE)
      const wider = unsure.map(({ line }) => around(line, sampled, image))
      const again = wider.length > 0 ? await linesIn(wider) : []
      boxes.push(...[...found, ...again].map(({ box }) => box))
    }
  }
  return boxes
}

/** Cut at the frame. */
function around(line: Component, { scaleX, scaleY }: Sampled, frame: GrayImage): Box {
  const left = Math.max(0, Math.floor(line.left / scaleX) - AROUND_PX)
  const top = Math.max(0, Math.floor(line.top / scaleY) - AROUND_PX)
  const right = Math.min(frame.width, (line.left + line.width) / scaleX + AROUND_PX)
  const bottom = Math.min(frame.height, (line.top + line.height) / scaleY + AROUND_PX)
  return { left, top, width: right - left, height: bottom - top }
}

interface Level {
  readonly image: GrayImage
  readonly shrunkBy: number
  readonly enlargedBy: number
}

function levelsOf(image: GrayImage): Level[] {
  const { width, height } = image
  const enlargedBy = Math.min(MAX_SCALE, Math.max(1, Math.sqrt(SAMPLES / (width * height))))
  const whole = { image, shrunkBy: 1, enlargedBy }
  if (Math.max(width, height) <= LARGE_SIDE) return [whole]
  return [whole, { image: shrink(image, SHRUNK_BY), shrunkBy: SHRUNK_BY, enlargedBy: 1 }]
}

function blanked(image: GrayImage, boxes: readonly Box[]): GrayImage {
  const pixels = image.pixels.slice()
  for (const { left, top, width, height } of boxes) {
    for (let y = top; y < top + height; y++) {
      pixels.fill(0, y * image.width + left, y * image.width + left + width)
    }
  }
  return { ...image, pixels }
}

function isLine({ width, height, score, fill }: Component): boolean {
  const thickness = Math.min(width, height)
  return (
    thickness >= MIN_THICKNESS &&
    thickness <= MAX_THICKNESS &&
    score >= (Math.max(width, height) < MIN_ASPECT * thickness ? MIN_SHORT_SCORE : MIN_SCORE) &&
    fill >= MIN_FILL
  )
}

function grow(line: Component, sampled: Sampled, shrunkBy: number, image: GrayImage): TextBox {
  const [scaleX, scaleY] = [sampled.scaleX / shrunkBy, sampled.scaleY / shrunkBy]
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
