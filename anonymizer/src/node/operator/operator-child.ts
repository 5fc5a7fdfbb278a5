/**
 * The process that decodes what the operator's page shows: foreign bytes are parsed in a cage here
 * as everywhere. Its answers go to the page and are kept by nobody.
 */

import { type ByteSource, joinChunks, readDicom } from '../../dicom/index.ts'
import { deidentifySource, type Settings } from '../../engine/deidentify.ts'
import { type Inspection, inspect } from '../../engine/inspect.ts'
import { frameAlone, rgbaImage } from '../../pixels/frames/index.ts'
import { planPixels } from '../../pixels/plan.ts'
import { type AttributeChange, compareDataSets } from '../../report/compare.ts'
import { openVault } from '../../vault/vault.ts'
import { contentDigest } from '../content-digest.ts'
import type { ChildSettings } from '../deidentify-child.ts'
import { loadFrameCodecs } from '../frame-codecs.ts'
import type { Source } from '../inputs.ts'
import { createSourceReader } from '../source.ts'
import type { Picture } from './server.ts'

export type OperatorQuestion =
  | { readonly kind: 'frame'; readonly source: Source; readonly frame: number }
  | { readonly kind: 'attributes'; readonly source: Source }
  | { readonly kind: 'inspect'; readonly source: Source }

export type OperatorAnswer =
  | { readonly kind: 'frame'; readonly picture: Picture }
  | { readonly kind: 'attributes'; readonly changes: readonly AttributeChange[] }
  | { readonly kind: 'inspect'; readonly content: string; readonly inspection: Inspection }
  /** It cannot be read, decoded or de-identified. */
  | { readonly kind: 'none' }

const reader = createSourceReader()
let settings: (Settings & { key: Uint8Array }) | undefined
const codecs = loadFrameCodecs()

process.on('disconnect', () => process.exit(0))
process.on('message', (message: ChildSettings | OperatorQuestion) => {
  if ('profile' in message) {
    const { profile, key, format } = message
    settings = { profile, key, vault: openVault(key, format) }
    return
  }
  void answerTo(message)
    // Only that it failed leaves: messages of errors may hold values.
    .catch((): OperatorAnswer => ({ kind: 'none' }))
    .then((answer) => process.send?.(answer))
})

async function answerTo(question: OperatorQuestion): Promise<OperatorAnswer> {
  const input = reader.open(question.source)
  try {
    if (question.kind === 'frame') return await pictureOf(input, question.frame)
    return question.kind === 'inspect' ? inspected(input) : await attributesOf(input)
  } finally {
    if (!(input instanceof Uint8Array)) input.close()
  }
}

async function pictureOf(input: Uint8Array | ByteSource, frame: number): Promise<OperatorAnswer> {
  const { file, number } = frameAlone(readDicom(input), input, frame)
  const { dataSet, transferSyntaxUid } = file
  const { width, height, pixels } = rgbaImage(dataSet, transferSyntaxUid, number, await codecs)
  return { kind: 'frame', picture: { width, height, rgba: new Uint8Array(pixels.buffer) } }
}

function inspected(input: Uint8Array | ByteSource): OperatorAnswer {
  if (settings === undefined) return { kind: 'none' }
  const content = contentDigest(settings.key, input)
  return { kind: 'inspect', content, inspection: inspect(input, settings) }
}

async function attributesOf(input: Uint8Array | ByteSource): Promise<OperatorAnswer> {
  if (settings === undefined) return { kind: 'none' }
  const before = readDicom(input)
  const isWaiting = planPixels(before.dataSet, settings.profile).kind === 'person'
  const able = { ...settings, codecs: await codecs }
  const { pieces } = deidentifySource(input, able, isWaiting ? { regions: [] } : undefined)
  const chunks = pieces.map((piece) => {
    if (piece instanceof Uint8Array) return piece
    // Only a source is copied from.
    return input instanceof Uint8Array ? input : input.read(piece.offset, piece.length)
  })
  const after = readDicom(joinChunks(chunks))
  return { kind: 'attributes', changes: compareDataSets(before.dataSet, after.dataSet) }
}
