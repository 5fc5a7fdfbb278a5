/**
 * Enveloped-data of the Cryptographic Message Syntax (RFC 5652): AES-256-CBC (RFC 3565), its key for each
 * recipient by RSA key transport (RFC 3370 4.2.1), as PS3.15 asks for. DER written by hand: it is one
 * fixed shape.
 *
 * The content key, the vector and the padding of RSA come from a keyed hash of the content, so that the
 * same input gives the same output in every run; without the secret they are as good as random.
 */
import {
  constants,
  createCipheriv,
  createHash,
  createHmac,
  hkdfSync,
  publicEncrypt,
  X509Certificate,
} from 'node:crypto'
import { UsageError } from './complaint.ts'

export interface Recipient {
  readonly certificate: X509Certificate
  /** SHA-256 of the certificate, hexadecimal. */
  readonly fingerprint: string
}

const [KEY_BYTES, VECTOR_BYTES, MIN_RSA_BITS] = [32, 16, 2048]
const OID = {
  data: [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1],
  envelopedData: [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3],
  rsaEncryption: [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1],
  aes256Cbc: [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42],
} as const

/** UsageError for what is no certificate of an RSA key of 2048 bits or more, or is out of date. */
export function readRecipient(pem: string, now: Date): Recipient {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(pem)
  } catch {
    throw new UsageError('--encrypt-attributes: not a certificate in PEM')
  }
  const { publicKey, validFrom, validTo, raw } = certificate
  if (publicKey.asymmetricKeyType !== 'rsa' || rsaBits(certificate) < MIN_RSA_BITS) {
    throw new UsageError(`--encrypt-attributes: an RSA key of ${MIN_RSA_BITS} bits or more`)
  }
  if (now < new Date(validFrom) || now > new Date(validTo)) {
    throw new UsageError('--encrypt-attributes: the certificate is not valid today')
  }
  return { certificate, fingerprint: createHash('sha256').update(raw).digest('hex') }
}

/** `secret`: a project's key. */
export function createEnvelope(recipients: readonly Recipient[], secret: Uint8Array) {
  const names = recipients.map(({ fingerprint }) => fingerprint).join(' ')
  return (content: Uint8Array): Uint8Array => {
    const seed = createHmac('sha256', secret).update(`encrypted-attributes\0${names}\0`)
    const own = seed.update(content).digest()
    const stream = (use: string, bytes: number) =>
      Buffer.from(hkdfSync('sha256', own, '', use, bytes))
    const key = stream('content key', KEY_BYTES)
    const vector = stream('vector', VECTOR_BYTES)
    const cipher = createCipheriv('aes-256-cbc', key, vector)
    const encrypted = Buffer.concat([cipher.update(content), cipher.final()])
    const infos = recipients.map((recipient) => {
      const bytes = rsaBits(recipient.certificate) / 8
      // A zero ends the padding, so none may be in it: twice as many to choose from.
      const padding = stream(recipient.fingerprint, 2 * bytes).filter((byte) => byte !== 0)
      return recipientInfo(recipient, key, padding)
    })
    const encryptedContentInfo = sequence(
      der(0x06, OID.data),
      sequence(der(0x06, OID.aes256Cbc), der(0x04, vector)),
      der(0x80, encrypted),
    )
    const envelopedData = sequence(integer(0), setOf(infos), encryptedContentInfo)
    return sequence(der(0x06, OID.envelopedData), der(0xa0, envelopedData))
  }
}

function recipientInfo({ certificate }: Recipient, key: Buffer, padding: Uint8Array): Buffer {
  const { issuer, serialNumber } = issuerAndSerialNumber(certificate.raw)
  const bytes = rsaBits(certificate) / 8
  // EME-PKCS1-v1_5 (RFC 8017 7.2.1).
  const block = Buffer.concat([
    Buffer.of(0, 2),
    padding.subarray(0, bytes - key.length - 3),
    Buffer.of(0),
    key,
  ])
  const encryptedKey = publicEncrypt(
    { key: certificate.publicKey, padding: constants.RSA_NO_PADDING },
    block,
  )
  return sequence(
    integer(0),
    sequence(issuer, serialNumber),
    sequence(der(0x06, OID.rsaEncryption), der(0x05, [])),
    der(0x04, encryptedKey),
  )
}

function rsaBits({ publicKey }: X509Certificate): number {
  return publicKey.asymmetricKeyDetails?.modulusLength ?? 0
}

/** As they are written in the certificate (RFC 5280 4.1). */
function issuerAndSerialNumber(certificate: Buffer): { issuer: Buffer; serialNumber: Buffer } {
  const [toBeSigned] = elementsIn(contentOf(certificate))
  const fields = elementsIn(contentOf(toBeSigned ?? Buffer.alloc(0)))
  // The version is left out in certificates of version 1.
  const [serialNumber, , issuer] = fields[0]?.[0] === 0xa0 ? fields.slice(1) : fields
  if (issuer === undefined || serialNumber === undefined) {
    throw new UsageError('--encrypt-attributes: not a certificate in PEM')
  }
  return { issuer, serialNumber }
}

function elementsIn(bytes: Buffer): Buffer[] {
  const elements: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const { start, length } = headerOf(bytes.subarray(at))
    elements.push(bytes.subarray(at, at + start + length))
    at += start + length
  }
  return elements
}

function contentOf(element: Buffer): Buffer {
  const { start, length } = headerOf(element)
  return element.subarray(start, start + length)
}

function headerOf(element: Buffer): { start: number; length: number } {
  const first = element[1] ?? 0
  if (first < 0x80) return { start: 2, length: first }
  const count = first - 0x80
  return { start: 2 + count, length: element.readUIntBE(2, count) }
}

function der(tag: number, content: ArrayLike<number>): Buffer {
  const { length } = content
  const digits: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256)
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 + digits.length, ...digits]
  return Buffer.concat([Buffer.from(header), Buffer.from(content)])
}

function sequence(...elements: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(elements))
}

/** In the order of their bytes (X.690 11.6). */
function setOf(elements: readonly Buffer[]): Buffer {
  return der(0x31, Buffer.concat([...elements].sort((a, b) => Buffer.compare(a, b))))
}

function integer(small: number): Buffer {
  return der(0x02, [small])
}
