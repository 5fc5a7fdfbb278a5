/**
 * Redaction of real files, judged by other decoders (dcmtk, gdcm, pydicom): source and output are
 * decoded by the same one; inside the box there is one value, outside nothing differs.
 */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { DeidError } from '@pandok/anonymizer'
import {
  type DataSet,
  DicomError,
  type DicomFile,
  getBytes,
  getNumber,
  getString,
  isEncapsulated,
  readDicom,
  writeDicom,
} from '@pandok/anonymizer/dicom'
import { loadFrameCodecs } from '@pandok/anonymizer/node/frame-codecs'
import {
  type FrameCodecs,
  frameBytes,
  frameCountOf,
  frameShapeOf,
  type Region,
  redactPixels,
} from '@pandok/anonymizer/pixels'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const DATA = join(import.meta.dirname, '../../../../shared/data')
const TOOLS = ['dcmdjpeg', 'dcmdjpls', 'dcmdrle', 'dcmconv', 'gdcmconv']
const isCi = process.env['CI'] === 'true'
const hasAll = existsSync(DATA) && TOOLS.every((tool) => existsSync(`/usr/bin/${tool}`))
const run = promisify(execFile)
const JPEG_2000 = '1.2.840.10008.1.2.4.90'

/** By transfer syntax: who decodes it, each with the same arguments: input and output. */
const DECODERS: Readonly<Record<string, readonly string[][]>> = {
  '1.2.840.10008.1.2': [['dcmconv', '+te']],
  '1.2.840.10008.1.2.1': [['dcmconv', '+te']],
  '1.2.840.10008.1.2.5': [['dcmdrle'], ['gdcmconv', '--raw'], ['pydicom']],
  '1.2.840.10008.1.2.4.50': [['dcmdjpeg'], ['gdcmconv', '--raw']],
  '1.2.840.10008.1.2.4.51': [['dcmdjpeg'], ['gdcmconv', '--raw']],
  '1.2.840.10008.1.2.4.57': [['dcmdjpeg'], ['gdcmconv', '--raw']],
  '1.2.840.10008.1.2.4.70': [['dcmdjpeg'], ['gdcmconv', '--raw']],
  '1.2.840.10008.1.2.4.80': [['dcmdjpls'], ['gdcmconv', '--raw']],
  '1.2.840.10008.1.2.4.81': [['dcmdjpls'], ['gdcmconv', '--raw']],
  [JPEG_2000]: [['gdcmconv', '--raw']],
  '1.2.840.10008.1.2.4.91': [['gdcmconv', '--raw']],
  // gdcm does not know these, but its OpenJPEG does: they are handed over as JPEG 2000.
  '1.2.840.10008.1.2.4.201': [['gdcmconv', '--raw']],
}

const PYDICOM = `
import sys, pydicom
ds = pydicom.dcmread(sys.argv[1]); ds.decompress('numpy'); ds.save_as(sys.argv[2])
`

interface Pixels {
  /** Samples of all frames, colour by pixel, bits beside the value cut off. */
  readonly samples: Float64Array
  readonly dataSet: DataSet
}

interface Case {
  readonly path: string
  readonly file: DicomFile
}

describe.skipIf(!hasAll && !isCi)('redaction of real files', () => {
  let codecs: FrameCodecs
  let folder = ''
  beforeAll(async () => {
    codecs = await loadFrameCodecs()
    folder = await mkdtemp(join(tmpdir(), 'redaction-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function decoded(
    bytes: Uint8Array,
    transferSyntaxUid: string,
  ): Promise<Pixels | undefined> {
    const input = join(folder, 'in.dcm')
    const output = join(folder, 'out.dcm')
    await writeFile(input, bytes)
    for (const [tool = '', ...flags] of DECODERS[transferSyntaxUid] ?? []) {
      await rm(output, { force: true })
      const isDone = await (tool === 'pydicom'
        ? run('/usr/bin/python3', ['-c', PYDICOM, input, output])
        : run(tool, [...flags, input, output])
      ).then(
        () => true,
        () => false,
      )
      if (!isDone || !existsSync(output)) continue
      const file = readDicom(new Uint8Array(await readFile(output)))
      if (!isEncapsulated(file.transferSyntaxUid)) return pixelsOf(file.dataSet)
    }
    return undefined
  }

  function judged({ transferSyntaxUid, dataSet }: Omit<DicomFile, 'meta'>) {
    const isHt = transferSyntaxUid.startsWith('1.2.840.10008.1.2.4.20')
    const shown = isHt ? JPEG_2000 : transferSyntaxUid
    return decoded(writeDicom({ transferSyntaxUid: shown, dataSet }), shown)
  }

  test('outside the boxes nothing differs, inside one value', { timeout: 600_000 }, async () => {
    const sums = { files: 0, frames: 0, differ: 0, notBlank: 0, bytesDiffer: 0 }
    const syntaxes = new Map<string, number>()
    const unjudged: string[] = []
    const refused = new Map<string, number>()
    const wrong: string[] = []
    for (const { path, file } of filesWithPixels()) {
      let output: ReturnType<typeof redactPixels>
      const region = regionFor(file.dataSet)
      try {
        output = redactPixels({ ...file, regions: [region], codecs })
      } catch (error) {
        if (!(error instanceof DeidError)) throw error
        refused.set(error.message, (refused.get(error.message) ?? 0) + 1)
        continue
      }
      const [before, after] = [await judged(file), await judged(output)]
      if (before === undefined || after === undefined) {
        unjudged.push(path)
        continue
      }
      const isTwelve =
        file.transferSyntaxUid === '1.2.840.10008.1.2.4.51' &&
        getNumber(file.dataSet, '00280100') === 16
      const result = compared(before, after, region, isTwelve)
      const again = redactPixels({ ...output, regions: [region], codecs })
      const isSame = Buffer.compare(writeDicom(again), writeDicom(output)) === 0
      const touched = untouchedDiffer(file, output, region)
      if (result.differ + result.notBlank + touched > 0 || !isSame) {
        wrong.push(`${path}: ${JSON.stringify({ ...result, touched, isSame })}`)
      }
      sums.files++
      sums.frames += frameCountOf(file.dataSet)
      sums.differ += result.differ
      sums.notBlank += result.notBlank
      sums.bytesDiffer += touched
      syntaxes.set(file.transferSyntaxUid, (syntaxes.get(file.transferSyntaxUid) ?? 0) + 1)
    }
    process.stdout.write(
      `redaction: ${syntaxes.size} transfer syntaxes, ${sums.files} files, ${sums.frames} frames: ` +
        `outside boxes ${sums.differ} samples differ, inside ${sums.notBlank} not blank; ` +
        `${sums.bytesDiffer} untouched frames changed; ${unjudged.length} files no other decoder ` +
        `reads, ${[...refused.values()].reduce((a, b) => a + b, 0)} refused\n`,
    )
    for (const line of [
      ...wrong,
      ...unjudged.map((path) => `unjudged ${path}`),
      ...refused.keys(),
    ]) {
      process.stdout.write(`  ${line}\n`)
    }
    expect(wrong).toEqual([])
    expect(syntaxes.size).toBeGreaterThanOrEqual(12)
  })
})

/** With REDACTION=all every file; otherwise this many of each kind. */
const FILES_OF_A_KIND = process.env['REDACTION'] === 'all' ? Number.POSITIVE_INFINITY : 1

/** Encapsulated files, and the native ones of the smaller collections. */
function* filesWithPixels(): Generator<Case> {
  const known = new Map<string, number>()
  for (const name of readdirSync(DATA, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(DATA, name)
    const file = fileAt(path)
    if (file === undefined || !file.dataSet.has('7FE00010')) continue
    const isSmall = /^(pydicom|cornerstone3D|fo-dicom|dcm4che|weasis)/.test(name)
    if (!isEncapsulated(file.transferSyntaxUid) && !isSmall) continue
    const kind = kindOf(file)
    const count = known.get(kind) ?? 0
    known.set(kind, count + 1)
    if (count < FILES_OF_A_KIND) yield { path: relative(DATA, path), file }
  }
}

/** What makes codecs and blank values go other ways. */
function kindOf({ transferSyntaxUid, dataSet }: DicomFile): string {
  const layout = ['00280002', '00280006', '00280100', '00280101', '00280103'].map((tag) =>
    getNumber(dataSet, tag),
  )
  const isMulti = Number(getString(dataSet, '00280008') || 1) > 1
  return [transferSyntaxUid, ...layout, getString(dataSet, '00280004'), isMulti].join(' ')
}

function fileAt(path: string): DicomFile | undefined {
  try {
    const bytes = readFileSync(path)
    return bytes.length < 12_000_000 ? readDicom(new Uint8Array(bytes)) : undefined
  } catch (error) {
    if (error instanceof DicomError || (error as { code?: string }).code === 'EISDIR') {
      return undefined
    }
    throw error
  }
}

/** A box off the edges, in every second frame, of which there is at least one. */
function regionFor(dataSet: DataSet): Region {
  const columns = getNumber(dataSet, '00280011') ?? 0
  const rows = getNumber(dataSet, '00280010') ?? 0
  const frames = Number(getString(dataSet, '00280008') || 1)
  return {
    left: Math.min(2, columns - 1),
    top: Math.min(1, rows - 1),
    width: Math.max(1, Math.floor(columns / 3)),
    height: Math.max(1, Math.floor(rows / 4)),
    frames: Array.from({ length: Math.ceil(frames / 2) }, (_, at) => 2 * at + 1),
  }
}

function pixelsOf(dataSet: DataSet): Pixels | undefined {
  const bytes = getBytes(dataSet, '7FE00010')
  const allocated = getNumber(dataSet, '00280100') ?? 0
  if (bytes === undefined || ![8, 16, 32].includes(allocated)) return undefined
  const stored = getNumber(dataSet, '00280101') ?? allocated
  const rows = getNumber(dataSet, '00280010') ?? 0
  const columns = getNumber(dataSet, '00280011') ?? 0
  const components = getNumber(dataSet, '00280002') ?? 1
  const isHalved = getString(dataSet, '00280004') === 'YBR_FULL_422'
  if (isHalved) return undefined
  const count = rows * columns * components * Number(getString(dataSet, '00280008') || 1)
  const isPlanar = components > 1 && getNumber(dataSet, '00280006') === 1
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const word = (at: number) =>
    allocated === 8
      ? view.getUint8(at)
      : allocated === 16
        ? view.getUint16(at * 2, true)
        : view.getUint32(at * 4, true)
  const frameLength = rows * columns * components
  const samples = Float64Array.from({ length: count }, (_, at) => {
    const frame = Math.floor(at / frameLength)
    const inFrame = at % frameLength
    const pixel = Math.floor(inFrame / components)
    const component = inFrame % components
    const place = isPlanar ? component * rows * columns + pixel : inFrame
    return word(frame * frameLength + place) % 2 ** stored
  })
  return { samples, dataSet }
}

/**
 * `twelveBitJpeg`: decoders round the inverse transform by one this way or that (ISO/IEC 10918-2
 * allows it), and this one is ours.
 */
function compared(
  before: Pixels,
  after: Pixels,
  region: Region,
  twelveBitJpeg: boolean,
): { differ: number; notBlank: number } {
  const { rows, columns, samplesPerPixel } = frameShapeOf(before.dataSet)
  const frameLength = rows * columns * samplesPerPixel
  const redacted = new Set(region.frames === 'all' ? [] : region.frames)
  const mayDiffer = twelveBitJpeg ? 1 : 0
  let differ = before.samples.length === after.samples.length ? 0 : 1
  let notBlank = 0
  for (let frame = 1; frame <= before.samples.length / frameLength; frame++) {
    const blank: number[] = []
    for (let inFrame = 0; inFrame < frameLength; inFrame++) {
      const at = (frame - 1) * frameLength + inFrame
      const pixel = Math.floor(inFrame / samplesPerPixel)
      const [row, column] = [Math.floor(pixel / columns), pixel % columns]
      const isInside =
        redacted.has(frame) &&
        row >= region.top &&
        row < region.top + region.height &&
        column >= region.left &&
        column < region.left + region.width
      const sample = after.samples[at]
      if (isInside) {
        const component = inFrame % samplesPerPixel
        blank[component] ??= sample ?? Number.NaN
        if (sample !== blank[component]) notBlank++
      } else if (!(Math.abs((sample ?? Number.NaN) - (before.samples[at] ?? 0)) <= mayDiffer)) {
        differ++
      }
    }
  }
  return { differ, notBlank }
}

/** Frames without a box whose bytes changed although the transfer syntax did not. */
function untouchedDiffer(
  file: DicomFile,
  output: { dataSet: DataSet; transferSyntaxUid: string },
  region: Region,
): number {
  const isSame =
    file.transferSyntaxUid === output.transferSyntaxUid &&
    getString(file.dataSet, '00280004') === getString(output.dataSet, '00280004')
  if (!isSame || region.frames === 'all') return 0
  let count = 0
  for (let frame = 1; frame <= frameCountOf(file.dataSet); frame++) {
    if (region.frames.includes(frame)) continue
    const [before, after] = [file, output].map(({ dataSet, transferSyntaxUid }) =>
      frameBytes(dataSet, transferSyntaxUid, frame),
    )
    if (before === undefined || after === undefined || Buffer.compare(before, after) !== 0) count++
  }
  return count
}
