/** F21: zips that lie, lead outside or explode are refused with a code. */
import { crc32, deflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { ZipError, zipEntries } from './zip-entries.ts'

interface Made {
  readonly name: string
  readonly bytes: Buffer
  readonly isStored?: boolean
  readonly flags?: number
  readonly method?: number
  /** Unix mode. */
  readonly mode?: number
  readonly claimedBytes?: number
  readonly claimedCrc?: number
}

function makeZip(entries: readonly Made[], claimedCount = entries.length): File {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  let offset = 0
  for (const each of entries) {
    const stored = each.isStored === true ? each.bytes : deflateRawSync(each.bytes)
    const name = Buffer.from(each.name)
    const method = each.method ?? (each.isStored === true ? 0 : 8)
    const facts = Buffer.alloc(22)
    facts.writeUInt16LE(each.flags ?? 0, 2)
    facts.writeUInt16LE(method, 4)
    facts.writeUInt32LE(each.claimedCrc ?? crc32(each.bytes), 10)
    facts.writeUInt32LE(stored.length, 14)
    facts.writeUInt32LE(each.claimedBytes ?? each.bytes.length, 18)
    const lengths = Buffer.alloc(4)
    lengths.writeUInt16LE(name.length, 0)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), facts, lengths, name, stored])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(((each.mode ?? 0) << 16) >>> 0, 6)
    rest.writeUInt32LE(offset, 10)
    centrals.push(Buffer.concat([Buffer.from('PK\x01\x02\0\0'), facts, lengths, rest, name]))
    locals.push(local)
    offset += local.length
  }
  const directory = Buffer.concat(centrals)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(claimedCount, 8)
  end.writeUInt16LE(claimedCount, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return new File([Buffer.concat([...locals, directory, end])], 'disc.zip')
}

const bytes = Buffer.from('some bytes that stand for an image '.repeat(40))
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => undefined,
    (fault: unknown) => fault,
  )
  return error instanceof ZipError ? error.code : 'none'
}

test('files come out as they went in, stored or deflated; what file managers leave behind does not', async () => {
  const zip = makeZip([
    { name: 'disc/', bytes: Buffer.alloc(0), mode: 0o040755 },
    { name: 'disc/1.dcm', bytes, mode: 0o100644 },
    { name: 'disc/영상/2.dcm', bytes: Buffer.alloc(100_000, 7), isStored: true },
    { name: '__MACOSX/disc/._1.dcm', bytes },
    { name: 'disc/.DS_Store', bytes },
  ])
  const files = await zipEntries(zip, 'disc.zip')
  expect(files.map(({ name, size }) => [name, size])).toEqual([
    ['disc.zip/disc/1.dcm', bytes.length],
    ['disc.zip/disc/영상/2.dcm', 100_000],
  ])
  const opened = await Promise.all(files.map(async (file) => await (await file.open()).bytes()))
  expect(Buffer.from(opened[0] ?? [])).toEqual(bytes)
  expect(Buffer.from(opened[1] ?? [])).toEqual(Buffer.alloc(100_000, 7))
})

test.each([
  ['leads out', [{ name: '../../etc/passwd', bytes }], 'ZIP_PATH'],
  ['leads out in the manner of Windows', [{ name: 'a\\..\\..\\b', bytes }], 'ZIP_PATH'],
  ['is absolute', [{ name: '/etc/passwd', bytes }], 'ZIP_PATH'],
  ['is on a drive', [{ name: 'C:\\b.dcm', bytes }], 'ZIP_PATH'],
  ['is a link', [{ name: 'a', bytes, mode: 0o120777 }], 'ZIP_SYMLINK'],
  ['is a device', [{ name: 'a', bytes, mode: 0o060666 }], 'ZIP_SYMLINK'],
  [
    'has a name twice',
    [
      { name: 'a', bytes },
      { name: 'a', bytes: Buffer.from('b') },
    ],
    'ZIP_DUPLICATE',
  ],
  ['is encrypted', [{ name: 'a', bytes, flags: 1 }], 'ZIP_ENCRYPTED'],
  ['is compressed otherwise', [{ name: 'a', bytes, method: 12 }], 'ZIP_METHOD'],
] as const)('a zip is refused whole when an entry %s', async (_title, entries, code) => {
  expect(await codeOf(zipEntries(makeZip([{ name: 'good', bytes }, ...entries]), 'a.zip'))).toBe(
    code,
  )
})

test.each([
  ['is no zip', new File([bytes], 'a.zip'), 'ZIP_DAMAGED'],
  ['is cut off', new File([makeZip([{ name: 'a', bytes }]).slice(60)], 'a.zip'), 'ZIP_DAMAGED'],
  ['claims more entries', makeZip([{ name: 'a', bytes }], 9), 'ZIP_DAMAGED'],
  ['is empty', new File([], 'a.zip'), 'ZIP_DAMAGED'],
] as const)('a zip is refused when it %s', async (_title, zip, code) => {
  expect(await codeOf(zipEntries(zip, 'a.zip'))).toBe(code)
})

const huge = Buffer.alloc(64 * 1024 ** 2)
test.each([
  ['claims fewer bytes', { name: 'a', bytes, claimedBytes: 10 }, 'ZIP_SIZE'],
  ['claims more bytes', { name: 'a', bytes, claimedBytes: 10_000 }, 'ZIP_SIZE'],
  ['stored, claims others', { name: 'a', bytes, isStored: true, claimedBytes: 1 }, 'ZIP_SIZE'],
  ['has other bytes', { name: 'a', bytes, claimedCrc: 1 }, 'ZIP_DAMAGED'],
  ['is no deflate', { name: 'a', bytes, isStored: true, method: 8 }, 'ZIP_DAMAGED'],
  ['is a zip', { name: 'inner.zip', bytes }, 'ZIP_NESTED'],
  ['explodes', { name: 'a', bytes: huge }, 'ZIP_SIZE'],
  ['explodes and claims little', { name: 'a', bytes: huge, claimedBytes: 1_000 }, 'ZIP_SIZE'],
] as const)('an entry is left out that %s; the others are not', async (_title, entry, code) => {
  const [bad, good] = await zipEntries(makeZip([entry, { name: 'good', bytes }]), 'a.zip')
  expect(await codeOf(bad?.open() ?? Promise.resolve())).toBe(code)
  expect((await good?.open())?.size).toBe(bytes.length)
})

test('ten thousand entries are listed without opening one', async () => {
  const many = Array.from({ length: 10_000 }, (_, at) => ({ name: `${at}`, bytes, isStored: true }))
  expect(await zipEntries(makeZip(many), 'a.zip')).toHaveLength(10_000)
})
