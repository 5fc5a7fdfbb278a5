/** What is encrypted into an output: only the recipients read it, with the tools that they have. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  dataSet,
  getBytes,
  getItems,
  getString,
  joinChunks,
  readDicom,
  sequence,
  value,
  writeDicom,
} from '../dicom/index.ts'
import { checkClean } from '../engine/check.ts'
import { deidentify } from '../engine/deidentify.ts'
import { modifiedAttributes } from '../engine/encrypted-attributes.ts'
import { loadProfile } from '../profile/profile.ts'
import { openVault } from '../vault/vault.ts'
import { createEnvelope, readRecipient } from './cms.ts'

const SYNTAX = '1.2.840.10008.1.2.1'
const format = { prefix: 'LC', digits: 5 }
const profileText = (more: string) =>
  `name: way-back\nversion: 1\noptions: [retain-modified-dates]\n${more}`
const keep = loadProfile(profileText('encryptedAttributes: keep\n'))
const key = new Uint8Array(32).fill(5)

const original = dataSet([
  value('00080005', 'CS', 'ISO_IR 192'),
  value('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.2'),
  value('00080018', 'UI', '1.2.3.4'),
  value('00080008', 'CS', ['ORIGINAL', 'PRIMARY', 'AXIAL']),
  value('00080020', 'DA', '20240131'),
  value('00080050', 'SH', 'ACC-77123'),
  value('00080060', 'CS', 'CT'),
  value('00080090', 'PN', 'LEE^REFERRER'),
  value('00100010', 'PN', 'KIM^MINSU=金^民秀=김^민수'),
  value('00100020', 'LO', 'HN-0012345'),
  value('00100030', 'DA', '19700101'),
  sequence('00101002', [
    dataSet([value('00100020', 'LO', 'OTHER-1'), value('00100022', 'CS', 'TEXT')]),
  ]),
  value('0020000D', 'UI', '1.2.3.5'),
  value('0020000E', 'UI', '1.2.3.6'),
  value('00200013', 'IS', '7'),
  value('00280002', 'US', 1),
  value('00280010', 'US', 2),
  value('00280011', 'US', 2),
  value('00280100', 'US', 16),
  value('7FE00010', 'OW', new Uint8Array(8)),
])
const bytes = writeDicom({ transferSyntaxUid: SYNTAX, dataSet: original })

describe('encrypted attributes (PS3.15 E.1.1)', { timeout: 60_000 }, () => {
  let folder = ''
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => spawnSync('openssl', args, { cwd: folder })
  const recipient = (name: string) =>
    readRecipient(readFileSync(at(`${name}.crt`), 'utf8'), new Date())
  const settings = (names: readonly string[]) => ({
    profile: keep,
    vault: openVault(key, format),
    sealAttributes: createEnvelope(names.map(recipient), key),
  })

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pandok-cms-'))
    const made = (name: string, ...how: string[]) => {
      const subject = `/C=KR/O=한림/CN=${name}`
      const files = ['-nodes', '-keyout', `${name}.key`, '-out', `${name}.crt`]
      openssl('req', '-x509', '-utf8', '-subj', subject, '-days', '30', ...how, ...files)
    }
    made('one', '-newkey', 'rsa:2048')
    made('two', '-newkey', 'rsa:3072')
    made('stranger', '-newkey', 'rsa:2048')
    made('small', '-newkey', 'rsa:1024')
    made('curve', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256')
  })
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  const decrypted = (content: Uint8Array, name: string) => {
    writeFileSync(at('content'), content)
    const who = ['-recip', `${name}.crt`, '-inkey', `${name}.key`]
    return openssl('cms', '-decrypt', '-binary', '-inform', 'DER', '-in', 'content', ...who)
  }

  test.each([[['one']], [['one', 'two']], [['two', 'one']]])(
    'openssl decrypts for %s what was there, and for nobody else',
    (names) => {
      const { chunks } = deidentify(bytes, settings(names))
      const output = readDicom(joinChunks(chunks)).dataSet
      const [item, ...more] = getItems(output, '04000500')
      expect(more).toEqual([])
      expect(getString(item ?? new Map(), '04000510')).toBe(SYNTAX)
      const content = getBytes(item ?? new Map(), '04000520') ?? expect.fail()
      for (const name of names) {
        const { status, stdout } = decrypted(content, name)
        expect(status).toBe(0)
        const bare = new Map([...output].filter(([tag]) => tag !== '04000500'))
        expect(new Uint8Array(stdout)).toEqual(new Uint8Array(modifiedAttributes(original, bare)))
        const back = readDicom(withMeta(stdout)).dataSet
        const [modified] = getItems(back, '04000550')
        // Without the sequence around them they take the place of what is in the output (E.1.2).
        const restored = dataSet([...output.values(), ...(modified?.values() ?? [])])
        for (const tag of [
          '00080018',
          '00080050',
          '00100010',
          '00100020',
          '00100030',
          '0020000D',
        ]) {
          expect(getString(restored, tag)).toBe(getString(original, tag))
        }
        expect(restored.get('00101002')).toEqual(original.get('00101002'))
        expect(modified?.has('7FE00010')).toBe(false)
        expect(modified?.has('00200013')).toBe(false)
      }
      expect(decrypted(content, 'stranger').status).not.toBe(0)
      for (const secret of ['KIM', 'HN-0012345', 'ACC-77123', 'OTHER-1', '김']) {
        expect(Buffer.from(joinChunks(chunks)).includes(secret)).toBe(false)
      }
    },
  )

  test('the same input gives the same output in every run; another key another one', () => {
    const once = joinChunks(deidentify(bytes, settings(['one', 'two'])).chunks)
    expect(joinChunks(deidentify(bytes, settings(['one', 'two'])).chunks)).toEqual(once)
    const envelope = createEnvelope([recipient('one')], new Uint8Array(32).fill(6))
    expect(envelope(bytes)).not.toEqual(createEnvelope([recipient('one')], key)(bytes))
  })

  test('the check accepts it where the profile keeps it and it is what it says', () => {
    const output = joinChunks(deidentify(bytes, settings(['one'])).chunks)
    const check = (file: Uint8Array, profile = keep) => checkClean(file, { profile, format })
    expect(check(output)).toMatchObject({ isClean: true })
    const remove = loadProfile(profileText(''))
    expect(check(output, remove)).toMatchObject({
      isClean: false,
      findings: [{ path: '04000500', rule: 'encrypted attributes', code: 'MUST_BE_ABSENT' }],
    })
    const { dataSet: clean } = readDicom(output)
    const [item] = getItems(clean, '04000500')
    const content = getBytes(item ?? new Map(), '04000520') ?? expect.fail()
    const forged: [string, Parameters<typeof sequence>[1]][] = [
      ['no item', []],
      [
        'plain text',
        [
          dataSet([
            value('04000510', 'UI', SYNTAX),
            value('04000520', 'OB', Buffer.from('KIM^MINSU!')),
          ]),
        ],
      ],
      [
        'a name beside it',
        [dataSet([...(item?.values() ?? []), value('00100010', 'PN', 'KIM^MINSU')])],
      ],
      [
        'a name behind it',
        [
          dataSet([
            ...(item?.values() ?? []),
            value('04000520', 'OB', Buffer.concat([content, Buffer.from('KIM^')])),
          ]),
        ],
      ],
    ]
    for (const [what, items] of forged) {
      const elements = [...clean.values(), sequence('04000500', items)]
      const file = writeDicom({ transferSyntaxUid: SYNTAX, dataSet: dataSet(elements) })
      expect(check(file).isClean, what).toBe(false)
    }
  })

  test('what an earlier de-identification encrypted for others goes', () => {
    const earlier = joinChunks(deidentify(bytes, settings(['stranger'])).chunks)
    const { chunks } = deidentify(earlier, { profile: keep, vault: openVault(key, format) })
    expect(readDicom(joinChunks(chunks)).dataSet.has('04000500')).toBe(false)
  })

  test.each([
    ['small', /2048 bits or more/],
    ['curve', /2048 bits or more/],
  ])('%s: no certificate to encrypt for', (name, sentence) => {
    expect(() => recipient(name)).toThrow(sentence)
    expect(() => readRecipient('KIM^MINSU', new Date())).toThrow(/not a certificate/)
    const pem = readFileSync(at('one.crt'), 'utf8')
    expect(() => readRecipient(pem, new Date(Date.now() + 90 * 86_400_000))).toThrow(
      /not valid today/,
    )
  })
})

/** A bare data set becomes a file that can be read. */
function withMeta(plain: Uint8Array): Uint8Array {
  const file = writeDicom({ transferSyntaxUid: SYNTAX, dataSet: new Map() })
  return Uint8Array.from(Buffer.concat([file, plain]))
}
