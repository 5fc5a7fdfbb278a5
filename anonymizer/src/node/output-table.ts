/**
 * Which input each output of a run came from: 40 bytes an output outside of the heap of JavaScript,
 * so that a hundred thousand are 4 MB and no work for its collector. Open addressing with linear probing
 * (Knuth, The Art of Computer Programming 3, 6.4); keys are digests, whose bits are spread already.
 */
import { hash } from 'node:crypto'

export interface OutputTable {
  /** Throws TypeError unless `id` is that of an input: 16 hexadecimal digits. */
  readonly add: (sopInstanceUid: string, output: PlacedOutput) => void
  readonly find: (sopInstanceUid: string, folder: string) => FoundOutput | undefined
  readonly remove: (sopInstanceUid: string) => void
}

interface PlacedOutput {
  /** Of the input. */
  readonly id: string
  readonly folder: string
}

interface FoundOutput {
  readonly id: string
  readonly isInFolder: boolean
}

const DIGEST = 16
const ID = 8
/** SOP Instance UID, folder, input. */
const RECORD = DIGEST + DIGEST + ID
const NO_ID = Buffer.alloc(ID)
const FIRST_RECORDS = 1024
/** At most half of them are taken. */
const SLOTS_PER_RECORD = 2

export function createOutputTable(): OutputTable {
  let records = Buffer.alloc(FIRST_RECORDS * RECORD)
  /** 0: free; otherwise the number of a record, from 1. */
  let slots = new Uint32Array(FIRST_RECORDS * SLOTS_PER_RECORD)
  let count = 0

  const recordAt = (slot: number): Buffer | undefined => {
    const number = slots[slot] ?? 0
    return number === 0 ? undefined : records.subarray((number - 1) * RECORD, number * RECORD)
  }
  /** That of the digest, or the free one where it belongs. */
  const slotOf = (digest: Buffer): number => {
    let slot = digest.readUInt32LE() % slots.length
    for (;;) {
      const record = recordAt(slot)
      if (record === undefined || record.subarray(0, DIGEST).equals(digest)) return slot
      slot = (slot + 1) % slots.length
    }
  }
  const grow = (): void => {
    records = Buffer.concat([records, Buffer.alloc(records.length)])
    slots = new Uint32Array(slots.length * 2)
    for (let number = 1; number <= count; number++) {
      const start = (number - 1) * RECORD
      slots[slotOf(records.subarray(start, start + DIGEST))] = number
    }
  }

  return {
    add: (sopInstanceUid, { id, folder }) => {
      const input = Buffer.from(id, 'hex')
      if (input.length !== ID) throw new TypeError('an input is told by 16 hexadecimal digits')
      if ((count + 1) * RECORD > records.length) grow()
      const digest = digestOf(sopInstanceUid)
      const slot = slotOf(digest)
      if (recordAt(slot) === undefined) slots[slot] = ++count
      recordAt(slot)?.set(Buffer.concat([digest, digestOf(folder), input]))
    },
    find: (sopInstanceUid, folder) => {
      const record = recordAt(slotOf(digestOf(sopInstanceUid)))
      const id = record?.subarray(RECORD - ID)
      if (record === undefined || id === undefined || id.equals(NO_ID)) return undefined
      const isInFolder = record.subarray(DIGEST, DIGEST * 2).equals(digestOf(folder))
      return { id: id.toString('hex'), isInFolder }
    },
    // Its record stays, so that those behind it are still found.
    remove: (sopInstanceUid) => {
      recordAt(slotOf(digestOf(sopInstanceUid)))?.set(NO_ID, RECORD - ID)
    },
  }
}

function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer').subarray(0, DIGEST)
}
