/**
 * Watches the bytes of an association before anything else reads them (PS3.8 9.3): a PDU that is longer
 * than was agreed, a command that never ends, or a PDU that does not come to its end in time breaks the
 * connection. Only the lengths and flags of headers are read; nothing is kept.
 */

export interface GateLimits {
  readonly pduBytes: number
  /** Of one command set (PS3.7 6.3.1), which the library holds in memory. */
  readonly commandBytes: number
  readonly pduSeconds: number
}

export interface PduGate {
  readonly feed: (chunk: Buffer) => void
  readonly close: () => void
}

const PDU_HEADER = 6
const PDV_HEADER = 6
const P_DATA_TF = 0x04
const [COMMAND, LAST] = [0x01, 0x02]

/** `onBreach` is called at most once. */
export function createPduGate(limits: GateLimits, onBreach: () => void): PduGate {
  let header = Buffer.alloc(0)
  /** Bytes left of the PDU, and of the PDV within a P-DATA-TF. */
  let left = 0
  let pdvLeft = 0
  let isData = false
  let commandBytes = 0
  let isBroken = false
  let timer: NodeJS.Timeout | undefined

  const stopTimer = () => {
    clearTimeout(timer)
    timer = undefined
  }
  const breach = () => {
    if (isBroken) return
    isBroken = true
    stopTimer()
    onBreach()
  }
  /** Fills `header` up to `length`; what is left of the chunk. */
  const fill = (chunk: Buffer, length: number): Buffer => {
    const count = Math.min(length - header.length, chunk.length)
    header = Buffer.concat([header, chunk.subarray(0, count)])
    return chunk.subarray(count)
  }

  const beginPdu = (): void => {
    left = header.readUInt32BE(2)
    isData = header[0] === P_DATA_TF
    header = Buffer.alloc(0)
    if (left > limits.pduBytes) breach()
    else timer ??= setTimeout(breach, limits.pduSeconds * 1000)
  }
  const beginPdv = (): void => {
    const length = header.readUInt32BE(0)
    const flags = header[5] ?? 0
    header = Buffer.alloc(0)
    left -= PDV_HEADER
    // The length counts the context's id and the flags.
    pdvLeft = length - 2
    if (pdvLeft < 0 || pdvLeft > left) {
      breach()
      return
    }
    if ((flags & COMMAND) === 0) return
    commandBytes += pdvLeft
    if (commandBytes > limits.commandBytes) breach()
    if ((flags & LAST) !== 0) commandBytes = 0
  }

  return {
    feed: (bytes) => {
      let chunk = bytes
      while (chunk.length > 0 && !isBroken) {
        if (left === 0) {
          chunk = fill(chunk, PDU_HEADER)
          if (header.length === PDU_HEADER) beginPdu()
        } else if (isData && pdvLeft === 0) {
          if (left < PDV_HEADER) breach()
          chunk = fill(chunk, PDV_HEADER)
          if (header.length === PDV_HEADER) beginPdv()
        } else {
          const count = Math.min(isData ? pdvLeft : left, chunk.length)
          chunk = chunk.subarray(count)
          left -= count
          if (isData) pdvLeft -= count
        }
        if (left === 0 && header.length === 0) stopTimer()
      }
    },
    close: stopTimer,
  }
}
