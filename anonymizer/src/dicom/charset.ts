/**
 * Text in the character sets of (0008,0005) (PS3.5 6.1, PS3.3 C.12.1.1.2). What is not known here
 * is refused: text that cannot be read cannot be judged.
 */
import { DicomError } from './errors.ts'

const DECODERS: Readonly<Record<string, string>> = {
  '': 'latin1',
  ISO_IR_6: 'latin1',
  ISO_IR_100: 'latin1',
  ISO_IR_101: 'iso-8859-2',
  ISO_IR_109: 'iso-8859-3',
  ISO_IR_110: 'iso-8859-4',
  ISO_IR_144: 'iso-8859-5',
  ISO_IR_192: 'utf-8',
  GB18030: 'gb18030',
  GBK: 'gbk',
  ISO_2022_IR_6: 'latin1',
  ISO_2022_IR_100: 'latin1',
  // Korean: KS X 1001 in G1 is what EUC-KR encodes; the escape that designates it is dropped.
  ISO_2022_IR_149: 'euc-kr',
}

export function decodeText(bytes: Uint8Array, specificCharacterSet: readonly string[]): string {
  const names = specificCharacterSet.map((name) => name.trim().replaceAll(' ', '_'))
  const name = names.find((each) => each === 'ISO_2022_IR_149') ?? names[0] ?? ''
  const label = DECODERS[name]
  if (label === undefined || (names.length > 1 && name !== 'ISO_2022_IR_149')) {
    throw new DicomError('DICOM_CHARSET', '(0008,0005) names a character set that is not read here')
  }
  const text = new TextDecoder(label).decode(bytes)
  return label === 'euc-kr' ? text.replaceAll(/\x1b\$\)C/g, '') : text
}
