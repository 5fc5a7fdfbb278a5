/** Text that needs no character set. */

const decoder = new TextDecoder('latin1')
const SHORT = 96

/** Bytes as Latin-1 text; short values, which most are, without the cost of a decoder. */
export function latin1(bytes: Uint8Array): string {
  if (bytes.length > SHORT) return decoder.decode(bytes)
  let text = ''
  for (const byte of bytes) {
    // What the Encoding Standard calls latin1 is windows-1252, which differs from 0x80 to 0x9F.
    if (byte >= 0x80) return decoder.decode(bytes)
    text += String.fromCharCode(byte)
  }
  return text
}

/** Whether it is written with the same bytes in every character set that DICOM knows. */
export function isAscii(text: string): boolean {
  return /^\p{ASCII}*$/u.test(text)
}
