/**
 * Plants strings in frames and remembers which pixels are theirs. A region is one string; what
 * belongs to it is every pixel that its glyphs, or their outline, cover by a quarter or more.
 */
import { readFileSync } from 'node:fs'
import { createCanvas, GlobalFonts } from '@napi-rs/canvas'
import type { Box } from '@pandok/anonymizer'
import type { GrayImage } from '@pandok/anonymizer/pixels'
import { createRandom } from '../../phantom/random.ts'

export interface PlantedRegion {
  readonly text: string
  readonly script: 'latin' | 'digits' | 'hangul'
  readonly style: Style
  /** Of the font: capital letters have about 0.7 of it. */
  readonly sizePx: number
  readonly box: Box
  /** Gray levels between the drawn glyphs and what was there before: their mean, where weakest. */
  readonly contrast: number
  /** Deviation of the pixels that it stands on, where greatest. */
  readonly unrest: number
  /** Indices of pixels in the frame. */
  readonly glyphs: Uint32Array
}

export interface PlantedFrame {
  readonly image: GrayImage
  readonly regions: readonly PlantedRegion[]
}

const STYLES = ['white', 'black', 'gray', 'coloured', 'outlined', 'aliased'] as const
type Style = (typeof STYLES)[number]
const SIZES = [10, 11, 12, 13, 14, 16, 18, 22, 28, 36, 48] as const
/** Weaker text is not promised: gray levels of 255, and times the unrest beneath (Rose). */
const MIN_CONTRAST = 40
const MIN_CONTRAST_TO_UNREST = 5
const QUARTER = 64
const MARGIN = 3

const SURNAMES = Array.from('김이박최정강조윤장임한오서신권황안송류홍')
const SYLLABLES = Array.from('민서준지훈영수현우진하은도윤예성재경미정선희태규빈')
const PLACES = [
  '서울대학교병원',
  '분당병원 영상의학과',
  '세브란스',
  '전남대',
  '국립암센터',
  '흉부 CT',
]
const NAMES = ['SMITH JOHN', 'Kim^Minjun', 'DOE, JANE', 'Mary-Ann Lee', 'Dr. Hong G.D.', 'PARK S Y']
const SITES = [
  'GENERAL HOSPITAL',
  'Abdomen 3C',
  'ID:',
  'DOB',
  'CHEST PA',
  'L',
  'R',
  'SUPINE',
  'M 45Y',
]

const NANUM = new URL('../../../node_modules/@fontsource/nanum-gothic/files/', import.meta.url)
for (const weight of [400, 700]) {
  for (const script of ['korean', 'latin']) {
    const file = new URL(`nanum-gothic-${script}-${weight}-normal.woff2`, NANUM)
    GlobalFonts.register(readFileSync(file), `${script}-${weight}`)
  }
}

/** The background stays as it was. */
export function plantText(background: GrayImage, seed: number): PlantedFrame {
  const random = createRandom(seed * 7919 + background.width)
  const image = { ...background, pixels: background.pixels.slice() }
  const taken: Box[] = []
  const regions: PlantedRegion[] = []
  const wanted = 4 + Math.floor(random() * 8)
  for (let tries = 0; regions.length < wanted && tries < 200; tries++) {
    const region = plantOne(image, background, taken, random)
    if (region === undefined) continue
    taken.push(region.box)
    regions.push(region)
  }
  return { image, regions }
}

function plantOne(
  image: GrayImage,
  background: GrayImage,
  taken: readonly Box[],
  random: () => number,
): PlantedRegion | undefined {
  const pick = <T>(from: readonly T[]): T => {
    const one = from[Math.floor(random() * from.length)]
    if (one === undefined) throw new Error('nothing to pick from')
    return one
  }
  const script = pick(['latin', 'digits', 'hangul'] as const)
  const text = textOf(script, random, pick)
  const style = pick(STYLES)
  const sizePx = pick(SIZES)
  const outlinePx = style === 'outlined' ? 1 : 0
  // Without smoothing, thin strokes of a drawn font would break.
  const weight = style === 'aliased' || random() < 0.3 ? 700 : 400
  const drawn = drawText(text, sizePx, weight, outlinePx, style === 'aliased')
  const { width, height } = drawn
  // Machines write in strips along the border, persons anywhere.
  const free = { x: image.width - width, y: image.height - height }
  if (free.x <= 0 || free.y <= 0) return undefined
  const isAtBorder = random() < 0.5
  const left =
    Math.floor(random() * free.x * (isAtBorder ? 0.05 : 1)) +
    (isAtBorder && random() < 0.5 ? Math.floor(free.x * 0.94) : 0)
  const top = Math.floor(random() * free.y * (isAtBorder ? 0.3 : 1))
  const box = { left, top, width, height }
  if (taken.some((other) => isNear(box, other))) return undefined

  const level = levelOf(style, meanOf(background, box), random)
  const outlineLevel = level > 127 ? 0 : 255
  const glyphs: number[] = []
  const changed = new Map<number, number>()
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (top + y) * image.width + left + x
      const outline = drawn.outline[y * width + x] ?? 0
      const fill = drawn.fill[y * width + x] ?? 0
      const under = mix(image.pixels[at] ?? 0, outlineLevel, outline)
      changed.set(at, mix(under, level, fill))
      if (Math.max(outline, fill) >= QUARTER) glyphs.push(at)
    }
  }
  const { contrast, unrest } = weakestPart(background, box, sizePx, changed, glyphs)
  if (contrast < MIN_CONTRAST || contrast < MIN_CONTRAST_TO_UNREST * unrest) return undefined
  for (const [at, value] of changed) image.pixels[at] = value
  return { text, script, style, sizePx, box, contrast, unrest, glyphs: Uint32Array.from(glyphs) }
}

function textOf(
  script: PlantedRegion['script'],
  random: () => number,
  pick: <T>(from: readonly T[]) => T,
): string {
  const digits = (count: number) =>
    Array.from({ length: count }, () => Math.floor(random() * 10)).join('')
  if (script === 'digits') {
    return pick([
      `19${digits(2)}-0${1 + Math.floor(random() * 9)}-1${digits(1)}`,
      digits(8),
      `${digits(2)}:${digits(2)}:${digits(2)}`,
      `${digits(6)}-1${digits(6)}`,
      `W ${digits(3)} L ${digits(2)}`,
    ])
  }
  if (script === 'latin') return random() < 0.6 ? pick(NAMES) : `${pick(SITES)} ${digits(3)}`
  return random() < 0.6 ? `${pick(SURNAMES)}${pick(SYLLABLES)}${pick(SYLLABLES)}` : pick(PLACES)
}

function levelOf(style: Style, mean: number, random: () => number): number {
  if (style === 'black') return Math.floor(random() * 20)
  if (style === 'gray') return clampLevel(mean + (random() < 0.5 ? -1 : 1) * (48 + random() * 60))
  // Yellow, green, cyan, orange and red as luma.
  if (style === 'coloured') return [226, 150, 179, 142, 76][Math.floor(random() * 5)] ?? 226
  if (style === 'outlined') return random() < 0.7 ? 255 : 0
  return 255 - Math.floor(random() * 20)
}

/** Coverage from 0 to 255 of the glyphs, and of a line around them, in a box that just holds them. */
function drawText(
  text: string,
  sizePx: number,
  weight: number,
  outlinePx: number,
  isAliased: boolean,
) {
  const font = `${sizePx}px latin-${weight}, korean-${weight}`
  const measure = createCanvas(1, 1).getContext('2d')
  measure.font = font
  const width = Math.ceil(measure.measureText(text).width) + 2 * MARGIN
  const height = Math.ceil(sizePx * 1.3) + 2 * MARGIN
  const layer = (isOutline: boolean) => {
    const context = createCanvas(width, height).getContext('2d')
    context.font = font
    context.textBaseline = 'alphabetic'
    const baseline = MARGIN + Math.round(sizePx)
    if (isOutline) {
      context.lineWidth = 2 * outlinePx
      context.lineJoin = 'round'
      context.strokeText(text, MARGIN, baseline)
    } else context.fillText(text, MARGIN, baseline)
    const rgba = context.getImageData(0, 0, width, height).data
    return Uint8Array.from({ length: width * height }, (_, at) => {
      const alpha = rgba[4 * at + 3] ?? 0
      return isAliased ? (alpha >= 96 ? 255 : 0) : alpha
    })
  }
  const fill = layer(false)
  return { width, height, fill, outline: outlinePx > 0 ? layer(true) : new Uint8Array(fill.length) }
}

/** Where the letters of a text are, by their indices in a frame of this width. */
export function lettersOf(
  text: string,
  sizePx: number,
  left: number,
  top: number,
  frameWidth: number,
): number[] {
  const drawn = drawText(text, sizePx, 400, 0, false)
  return [...drawn.fill.entries()]
    .filter(([, coverage]) => coverage >= 96)
    .map(([index]) => {
      const x = index % drawn.width
      return (top + (index - x) / drawn.width) * frameWidth + left + x
    })
}

/** The piece of about one letter where the text stands out least. */
function weakestPart(
  background: GrayImage,
  box: Box,
  sizePx: number,
  changed: ReadonlyMap<number, number>,
  glyphs: readonly number[],
): { contrast: number; unrest: number } {
  const pieces = Math.max(1, Math.round(box.width / sizePx))
  const sums = Array.from({ length: pieces }, () => ({ change: 0, count: 0 }))
  for (const at of glyphs) {
    const along = (at % background.width) - box.left
    const sum = sums[Math.floor((along * pieces) / box.width)]
    if (sum === undefined) continue
    sum.change += Math.abs((changed.get(at) ?? 0) - (background.pixels[at] ?? 0))
    sum.count++
  }
  let [contrast, unrest] = [Number.POSITIVE_INFINITY, 0]
  for (const [piece, { change, count }] of sums.entries()) {
    const left = box.left + Math.floor((piece * box.width) / pieces)
    const part = { ...box, left, width: Math.ceil(box.width / pieces) }
    unrest = Math.max(unrest, statistics(background, part).deviation)
    // A stop or a hyphen is no letter.
    if (count > sizePx) contrast = Math.min(contrast, change / count)
  }
  return { contrast, unrest }
}

function meanOf(image: GrayImage, box: Box): number {
  return statistics(image, box).mean
}

function statistics(image: GrayImage, box: Box): { mean: number; deviation: number } {
  let [sum, squares] = [0, 0]
  for (let y = box.top; y < box.top + box.height; y++) {
    for (let x = box.left; x < box.left + box.width; x++) {
      const value = image.pixels[y * image.width + x] ?? 0
      sum += value
      squares += value * value
    }
  }
  const count = box.width * box.height
  const mean = sum / count
  return { mean, deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)) }
}

function isNear(a: Box, b: Box): boolean {
  const gap = 8
  return (
    a.left < b.left + b.width + gap &&
    b.left < a.left + a.width + gap &&
    a.top < b.top + b.height + gap &&
    b.top < a.top + a.height + gap
  )
}

function mix(under: number, over: number, alpha: number): number {
  return Math.round(under + ((over - under) * alpha) / 255)
}

function clampLevel(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)))
}
