/** Writes a rendered frame as JPEG (libjpeg-turbo) or PNG (ISO/IEC 15948). */
// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- as in pixels/codecs/index.ts
/// <reference path="../pixels/codecs/packages.d.ts" />
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { crc32, deflateSync } from 'node:zlib'
import turbojpeg from '@cornerstonejs/codec-libjpeg-turbo-8bit/wasmjs'
import { runEncoder, type TurbojpegModule } from '../pixels/codecs/wasm-classes.ts'
import { wasmCodec } from '../pixels/codecs/wasm-codec.ts'
import type { RenderedImage } from '../pixels/frames/index.ts'

export type PictureType = 'image/jpeg' | 'image/png'
export type WritePicture = (image: RenderedImage, type: PictureType, quality: number) => Uint8Array

export async function loadPictureWriter(): Promise<WritePicture> {
  const path = createRequire(import.meta.url).resolve(
    '@cornerstonejs/codec-libjpeg-turbo-8bit/wasm',
  )
  const codec = wasmCodec<TurbojpegModule>(
    turbojpeg,
    await WebAssembly.compile(await readFile(path)),
  )
  return (image, type, quality) => {
    if (type === 'image/png') return png(image)
    return codec.use(({ JPEGEncoder }) => {
      const { width, height, channels, pixels } = image
      const info = { width, height, bitsPerSample: 8, componentCount: channels, isSigned: false }
      return runEncoder(new JPEGEncoder(), pixels, info, (encoder) => {
        encoder.setProgressive(false)
        encoder.setQuality(quality)
        encoder.setSubSampling(channels === 1 ? GRAY : FULL_CHROMINANCE)
      })
    })
  }
}

/** Numbers of TurboJPEG. */
const FULL_CHROMINANCE = 0
const GRAY = 3

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

function png({ width, height, channels, pixels }: RenderedImage): Uint8Array {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, channels === 1 ? 0 : 2, 0, 0, 0], 8)
  const rowBytes = width * channels
  const rows = Buffer.alloc((rowBytes + 1) * height)
  for (let y = 0; y < height; y++) {
    // Each row begins with its filter, 0: as it is.
    rows.set(pixels.subarray(y * rowBytes, (y + 1) * rowBytes), y * (rowBytes + 1) + 1)
  }
  const chunks = [
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]
  return Buffer.concat([SIGNATURE, ...chunks])
}

function chunk(type: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content])
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}
