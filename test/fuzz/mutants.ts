/**
 * Broken and hostile files made from sound ones, by a seed so that each can be made again, and what
 * must hold for every one of them: a code or a clean file, in bounded time, and no word of the
 * subject in either.
 */
import {
  checkClean,
  DeidError,
  DicomError,
  deidentify,
  joinChunks,
  loadProfile,
  openVault,
} from '@pandok/anonymizer'
import { dataSet, sequence, value, writeDicom } from '@pandok/anonymizer/dicom'

const SUBJECT = 'ZQSUBJECTZQ'
const MAX_MS = 2_000
const profile = loadProfile('research-longitudinal')
const vault = openVault(new Uint8Array(32).fill(2), { prefix: 'LC', digits: 5 })

export interface Tally {
  readonly clean: number
  readonly refused: number
  readonly slowestMs: number
}

/** Throws an Error that names the seed of the first mutant that breaks a promise. */
export function tryMutants(firstSeed: number, count: number): Tally {
  const seeds = soundFiles()
  let [clean, refused, slowestMs] = [0, 0, 0]
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const bytes = mutant(seeds[seed % seeds.length] ?? new Uint8Array(), seed)
    const start = performance.now()
    const outcome = tryOne(bytes, seed)
    const ms = performance.now() - start
    slowestMs = Math.max(slowestMs, ms)
    if (ms > MAX_MS) throw new Error(`mutant ${seed} took ${ms.toFixed(0)} ms`)
    if (outcome === 'clean') clean++
    else refused++
  }
  return { clean, refused, slowestMs }
}

function tryOne(bytes: Uint8Array, seed: number): 'clean' | 'refused' {
  try {
    const result = joinChunks(deidentify(bytes, { profile, vault }).chunks)
    // The subject's own spelling only: a changed letter makes another word.
    if (Buffer.from(result).includes(SUBJECT) && isSubject(bytes)) {
      throw new Error(`mutant ${seed} leaves the subject's name`)
    }
    const check = checkClean(result, { profile, format: vault.format })
    if (!check.isClean) {
      // What it needs to be let in is gone: the server refuses it, and nothing is leaked.
      if (check.findings.every(({ code }) => code.startsWith('DEID_'))) return 'refused'
      throw new Error(`mutant ${seed}: ${check.findings.map(({ code }) => code).join()}`)
    }
    return 'clean'
  } catch (error) {
    const isCoded = error instanceof DicomError || error instanceof DeidError
    if (!isCoded) throw new Error(`mutant ${seed} broke something`, { cause: error })
    if (error.message.includes(SUBJECT)) throw new Error(`mutant ${seed}: a value in an error`)
    return 'refused'
  }
}

/** Whether the patient's name still is what the texts repeat. */
function isSubject(bytes: Uint8Array): boolean {
  const head = Buffer.from([0x10, 0x00, 0x10, 0x00, 0x50, 0x4e, 0x0c, 0x00])
  const at = Buffer.from(bytes).indexOf(head)
  return at !== -1 && Buffer.from(bytes.subarray(at + 8, at + 19)).equals(Buffer.from(SUBJECT))
}

/** mulberry32: small, and the same everywhere. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

/** What lengths and tags are set to: the values that parsers stumble over. */
const NASTY = [0, 1, 0xff, 0xfffe, 0xffff, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff, 0xe000_fffe]

function mutant(sound: Uint8Array, seed: number): Uint8Array {
  const random = randomOf(seed)
  let bytes = Buffer.from(sound)
  for (let change = random(4); change >= 0; change--) {
    const at = 132 + random(bytes.length - 140)
    switch (random(7)) {
      case 0:
        bytes[at] = random(256)
        break
      case 1:
        bytes.writeUInt16LE((NASTY[random(NASTY.length)] ?? 0) & 0xffff, at)
        break
      case 2:
        bytes.writeUInt32LE(NASTY[random(NASTY.length)] ?? 0, at)
        break
      case 3:
        bytes = bytes.subarray(0, Math.max(at, 300))
        break
      case 4: {
        const end = at + random(64)
        bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)])
        break
      }
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(64))])
        break
      default: {
        const from = 132 + random(bytes.length - 140)
        bytes.copy(bytes, at, from, from + random(64))
      }
    }
    if (bytes.length < 300) break
  }
  return bytes
}

function soundFiles(): Uint8Array[] {
  const deep = (level: number): ReturnType<typeof sequence> =>
    sequence('00082218', [
      dataSet([
        value('00080104', 'LO', `Lung ${SUBJECT}`),
        value('00081048', 'PN', SUBJECT),
        ...(level === 0 ? [] : [deep(level - 1)]),
      ]),
    ])
  const common = [
    value('00080005', 'CS', 'ISO_IR 192'),
    value('00080008', 'CS', ['ORIGINAL', 'PRIMARY', 'AXIAL']),
    value('00080018', 'UI', '1.2.3.4'),
    value('00080020', 'DA', '20240229'),
    value('00081030', 'LO', `Chest ${SUBJECT}`),
    value('00090010', 'LO', 'ACME'),
    value('00091001', 'UN', new TextEncoder().encode(SUBJECT)),
    value('00100010', 'PN', SUBJECT),
    value('00100020', 'LO', 'HN-1'),
    value('0020000D', 'UI', '1.2.3'),
    value('0020000E', 'UI', '1.2.3.1'),
    deep(3),
  ]
  const image = [
    value('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.2'),
    value('00080060', 'CS', 'CT'),
    value('00280002', 'US', 1),
    value('00280010', 'US', 2),
    value('00280011', 'US', 2),
    value('00280100', 'US', 8),
    value('60003000', 'OW', new Uint8Array(8)),
    value('7FE00010', 'OB', new Uint8Array([1, 2, 3, 4])),
  ]
  const report = [
    value('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.88.33'),
    value('00080060', 'CS', 'SR'),
    sequence('0040A730', [
      dataSet([value('0040A040', 'CS', 'TEXT'), value('0040A160', 'UT', `seen by ${SUBJECT}`)]),
    ]),
  ]
  return [image, report].map((own) =>
    writeDicom({
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      dataSet: dataSet([...common, ...own]),
    }),
  )
}
