/** Which codec a transfer syntax asks for, and in which one a changed frame is stored (PS3.5 10). */

type CodecFamily = 'rle' | 'jpeg' | 'jpeg-lossless' | 'jpeg-ls' | 'jpeg-2000' | 'htj2k'

interface Syntax {
  readonly family: CodecFamily
  /** The lossless syntax of the family that has an encoder; undefined: native. */
  readonly lossless: string | undefined
  /** `always`: DCT loses. `mayBe`: the code stream could be reversible. */
  readonly loses: 'never' | 'mayBe' | 'always'
}

const JPEG_LS = '1.2.840.10008.1.2.4.80'
const JPEG_2000 = '1.2.840.10008.1.2.4.90'
const HTJ2K = '1.2.840.10008.1.2.4.201'
const RLE = '1.2.840.10008.1.2.5'

const SYNTAXES: Readonly<Record<string, Syntax>> = {
  '1.2.840.10008.1.2.4.50': { family: 'jpeg', lossless: undefined, loses: 'always' },
  '1.2.840.10008.1.2.4.51': { family: 'jpeg', lossless: undefined, loses: 'always' },
  '1.2.840.10008.1.2.4.57': { family: 'jpeg-lossless', lossless: undefined, loses: 'never' },
  '1.2.840.10008.1.2.4.70': { family: 'jpeg-lossless', lossless: undefined, loses: 'never' },
  [JPEG_LS]: { family: 'jpeg-ls', lossless: JPEG_LS, loses: 'never' },
  '1.2.840.10008.1.2.4.81': { family: 'jpeg-ls', lossless: JPEG_LS, loses: 'mayBe' },
  [JPEG_2000]: { family: 'jpeg-2000', lossless: JPEG_2000, loses: 'never' },
  '1.2.840.10008.1.2.4.91': { family: 'jpeg-2000', lossless: JPEG_2000, loses: 'mayBe' },
  [HTJ2K]: { family: 'htj2k', lossless: HTJ2K, loses: 'never' },
  '1.2.840.10008.1.2.4.202': { family: 'htj2k', lossless: HTJ2K, loses: 'never' },
  '1.2.840.10008.1.2.4.203': { family: 'htj2k', lossless: HTJ2K, loses: 'mayBe' },
  [RLE]: { family: 'rle', lossless: RLE, loses: 'never' },
}

/** Undefined for native transfer syntaxes and for those without a codec. */
export function codecSyntax(transferSyntaxUid: string): Syntax | undefined {
  return SYNTAXES[transferSyntaxUid]
}
