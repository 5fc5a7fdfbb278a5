/**
 * Images with text in their pixels, for tests of pixel review: invented names drawn by the browser's
 * own fonts into phantoms, so that the test knows every pixel of every letter.
 */
import { dataSet, type Element, readDicom, value, writeDicom } from '@pandok/anonymizer/dicom'
import type { Page } from 'playwright-core'
import { makePhantom } from '../phantom/index.ts'

export interface WrittenImage {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Text as it stands in a frame: 1 where a letter is. */
export interface Lettering {
  readonly width: number
  readonly height: number
  readonly mask: Uint8Array
}

const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'
const US_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.6.1'

/** Drawn by the page; `texts` by their upper left corners, in pixels. */
export async function letter(
  page: Page,
  size: { readonly width: number; readonly height: number },
  texts: readonly { readonly text: string; readonly left: number; readonly top: number }[],
  fontPx: number,
): Promise<Lettering> {
  const mask = await page.evaluate(
    ({ width, height, lines, px }) => {
      const canvas = new OffscreenCanvas(width, height)
      const context = canvas.getContext('2d')
      if (context === null) throw new Error('no canvas')
      context.font = `${px}px "Noto Sans CJK KR", sans-serif`
      context.textBaseline = 'top'
      context.fillStyle = '#fff'
      for (const { text, left, top } of lines) context.fillText(text, left, top)
      const { data } = context.getImageData(0, 0, width, height)
      return Array.from({ length: width * height }, (_, at) =>
        (data[at * 4 + 3] ?? 0) > 96 ? 1 : 0,
      )
    },
    { ...size, lines: texts, px: fontPx },
  )
  return { ...size, mask: Uint8Array.from(mask) }
}

/** A fan of speckle on black, one byte a pixel, the text at full brightness over it. */
export function ultrasound(options: {
  readonly seed: number
  readonly instance: number
  readonly lettering: Lettering
}): WrittenImage & { readonly pixels: Uint8Array } {
  const { seed, instance, lettering } = options
  const { width, height, mask } = lettering
  const pixels = new Uint8Array(width * height)
  let state = seed * 7919 + instance
  for (let at = 0; at < pixels.length; at++) {
    const x = (at % width) - width / 2
    const y = Math.floor(at / width) - 70
    const radius = Math.hypot(x, y)
    const isInFan = y > 0 && Math.abs(x) < y * 0.9 && radius > 40 && radius < height - 90
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff
    const speckle = isInFan ? 20 + ((state >> 16) % 90) * (1 - radius / height) : 0
    pixels[at] = mask[at] === 1 ? 255 : speckle
  }
  const elements: Element[] = [
    value('00080005', 'CS', 'ISO_IR 192'),
    value('00080008', 'CS', ['ORIGINAL', 'PRIMARY']),
    value('00080016', 'UI', US_IMAGE_STORAGE),
    value('00080018', 'UI', `2.25.${seed}${instance}31`),
    value('00080020', 'DA', '20240305'),
    value('00080030', 'TM', '101500'),
    value('00080060', 'CS', 'US'),
    value('00100010', 'PN', 'Hong^Gildong'),
    value('00100020', 'LO', `WRITTEN-${seed}`),
    value('0020000D', 'UI', `2.25.${seed}10`),
    value('0020000E', 'UI', `2.25.${seed}20`),
    value('00200013', 'IS', instance),
    value('00280002', 'US', 1),
    value('00280004', 'CS', 'MONOCHROME2'),
    value('00280010', 'US', height),
    value('00280011', 'US', width),
    value('00280100', 'US', 8),
    value('00280101', 'US', 8),
    value('00280102', 'US', 7),
    value('00280103', 'US', 0),
    value('7FE00010', 'OB', pixels),
  ]
  const file = { transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN, dataSet: dataSet(elements) }
  return { name: `us-${instance}.dcm`, bytes: writeDicom(file), pixels }
}

/** A chest of `size` columns; in slice `written`, counted from 0, the text is burned in at 3000 HU. */
export function writtenCt(options: {
  readonly seed: number
  readonly size: number
  readonly slices: number
  readonly written: number
  readonly lettering: Lettering
}): readonly (WrittenImage & { readonly pixels: Uint8Array })[] {
  const { seed, size, slices, written, lettering } = options
  const { files } = makePhantom({ seed, size, slices })
  return files.map(({ name, bytes }, at) => {
    const file = readDicom(bytes)
    const stored = file.dataSet.get('7FE00010')
    if (stored?.kind !== 'value') throw new Error('the phantom has no pixels')
    const pixels = Uint8Array.from(stored.bytes)
    if (at === written) {
      const view = new DataView(pixels.buffer)
      lettering.mask.forEach((isLetter, pixel) => {
        if (isLetter === 1) view.setUint16(pixel * 2, 4000, true)
      })
    }
    const changed = dataSet([...file.dataSet.values(), value('7FE00010', 'OW', pixels)])
    const written16 = writeDicom({ transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN, dataSet: changed })
    return { name: `written-${name}`, bytes: written16, pixels }
  })
}
