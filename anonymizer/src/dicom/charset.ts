/**
 * Text in the character sets of (0008,0005), code extensions with escape sequences included (PS3.5
 * 6.1.2, PS3.3 C.12.1.1.2). What is not known here is refused: text that cannot be read cannot be
 * judged.
 */
import { DicomError } from './errors.ts'

/** Without code extensions: the defined term, and what the Encoding Standard calls it. */
const WHOLE: Readonly<Record<string, string>> = {
  'ISO_IR 192': 'utf-8',
  GB18030: 'gb18030',
  GBK: 'gbk',
}

/** A single-byte set, or the G0 and G1 that a term of ISO 2022 starts with. */
const SINGLE: Readonly<Record<string, string>> = {
  '': 'latin1',
  '6': 'latin1',
  '100': 'latin1',
  '101': 'iso-8859-2',
  '109': 'iso-8859-3',
  '110': 'iso-8859-4',
  '144': 'iso-8859-5',
  '127': 'iso-8859-6',
  '126': 'iso-8859-7',
  '138': 'iso-8859-8',
  '148': 'windows-1254',
  '203': 'iso-8859-15',
  '166': 'windows-874',
  // JIS X 0201: katakana are single bytes of Shift JIS.
  '13': 'shift_jis',
}

/** Multi-byte sets, which only escape sequences bring in; they start as ASCII. */
const MULTIPLE = new Set(['87', '149', '58', '159'])

interface CodeElement {
  readonly half: 'G0' | 'G1'
  readonly decode: (bytes: Uint8Array) => string
}

const decoders = new Map<string, TextDecoder>()
function decoder(label: string): TextDecoder {
  let known = decoders.get(label)
  if (known === undefined) {
    known = new TextDecoder(label)
    decoders.set(label, known)
  }
  return known
}

const single = (half: 'G0' | 'G1', label: string): CodeElement => ({
  half,
  decode: (bytes) => decoder(label).decode(bytes),
})
/** 94×94 sets as the EUC encoding writes them: both bytes with the eighth bit. */
const euc = (half: 'G0' | 'G1', label: string, prefix?: number): CodeElement => ({
  half,
  decode: (bytes) => {
    const raised: number[] = []
    bytes.forEach((byte, at) => {
      if (prefix !== undefined && at % 2 === 0) raised.push(prefix)
      raised.push(byte | 0x80)
    })
    return decoder(label).decode(Uint8Array.from(raised))
  },
})

/** By what follows ESC. */
const ESCAPES: Readonly<Record<string, CodeElement>> = {
  '(B': single('G0', 'latin1'),
  '(J': single('G0', 'shift_jis'),
  ')I': single('G1', 'shift_jis'),
  '-A': single('G1', 'latin1'),
  '-B': single('G1', 'iso-8859-2'),
  '-C': single('G1', 'iso-8859-3'),
  '-D': single('G1', 'iso-8859-4'),
  '-F': single('G1', 'iso-8859-7'),
  '-G': single('G1', 'iso-8859-6'),
  '-H': single('G1', 'iso-8859-8'),
  '-L': single('G1', 'iso-8859-5'),
  '-M': single('G1', 'windows-1254'),
  '-T': single('G1', 'windows-874'),
  '-b': single('G1', 'iso-8859-15'),
  $B: euc('G0', 'euc-jp'),
  '$(D': euc('G0', 'euc-jp', 0x8f),
  '$)C': euc('G1', 'euc-kr'),
  '$)A': euc('G1', 'gbk'),
}

const ESC = 0x1b
/** After these the sets are as at the start: line ends everywhere, delimiters of values and names. */
const RESETS = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x5c])
const NAME_RESETS = new Set([0x5e, 0x3d])

/**
 * `specificCharacterSet`: the values of (0008,0005). `isName`: VR PN, whose ^ and = end a set too.
 * DICOM_CHARSET when a term or an escape sequence is not known.
 */
export function decodeText(
  bytes: Uint8Array,
  specificCharacterSet: readonly string[],
  isName = false,
): string {
  const terms = specificCharacterSet.map((term) => term.trim())
  const [first = ''] = terms
  const whole = WHOLE[first]
  if (whole !== undefined) return decoder(whole).decode(bytes)
  const initial = initialSet(first)
  for (const term of terms.slice(1)) initialSet(term)
  if (!bytes.includes(ESC)) return decoder(initial).decode(bytes)
  return decodeExtended(bytes, initial, isName)
}

function initialSet(term: string): string {
  const number = /^(?:ISO_IR |ISO 2022 IR |ISO_2022_IR_|ISO_IR_)(\d+)$/.exec(term)?.[1]
  if (number !== undefined && MULTIPLE.has(number)) return 'latin1'
  const label = term === '' ? SINGLE[''] : number === undefined ? undefined : SINGLE[number]
  if (label === undefined) {
    throw new DicomError('DICOM_CHARSET', '(0008,0005) names a character set that is not read here')
  }
  return label
}

function decodeExtended(bytes: Uint8Array, initial: string, isName: boolean): string {
  const start = { G0: single('G0', 'latin1'), G1: single('G1', initial) }
  let sets = { ...start }
  let text = ''
  let at = 0
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0
    if (byte === ESC) {
      const { element, length } = escapeAt(bytes, at + 1)
      sets = { ...sets, [element.half]: element }
      at += 1 + length
      continue
    }
    if (RESETS.has(byte) || (isName && NAME_RESETS.has(byte))) {
      // Two-byte sets in G0 use these bytes too: there they are letters.
      if (sets.G0 === start.G0 || !isTwoByte(sets.G0)) {
        sets = { ...start }
        text += String.fromCharCode(byte)
        at += 1
        continue
      }
    }
    const isHigh = byte >= 0x80
    let end = at + 1
    while (end < bytes.length && isSameRun(bytes[end] ?? 0, isHigh, sets.G0, isName)) end++
    text += (isHigh ? sets.G1 : sets.G0).decode(bytes.subarray(at, end))
    at = end
  }
  return text
}

const TWO_BYTE = new Set([ESCAPES['$B'], ESCAPES['$(D']])
function isTwoByte(element: CodeElement): boolean {
  return TWO_BYTE.has(element)
}

function isSameRun(byte: number, isHigh: boolean, g0: CodeElement, isName: boolean): boolean {
  if (byte === ESC || byte >= 0x80 !== isHigh) return false
  if (isTwoByte(g0)) return true
  return !RESETS.has(byte) && !(isName && NAME_RESETS.has(byte))
}

function escapeAt(bytes: Uint8Array, at: number): { element: CodeElement; length: number } {
  for (const length of [2, 3]) {
    const text = String.fromCharCode(...bytes.subarray(at, at + length))
    const element = ESCAPES[text]
    if (element !== undefined) return { element, length }
  }
  throw new DicomError('DICOM_CHARSET', 'an escape sequence is not of a known character set')
}
