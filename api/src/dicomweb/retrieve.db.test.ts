/**
 * WADO-RS through HTTP over real files in the archive (PS3.18 8.7, 10.4): what is given in which form, by
 * range, on which condition, and what is refused.
 */
import {
  type DicomJson,
  dataSet,
  getBytes,
  getNumber,
  getString,
  readDicom,
  sequence,
  value,
  writeDicom,
} from '@pandok/anonymizer/dicom'
import { loadFrameCodecs } from '@pandok/anonymizer/node/frame-codecs'
import { decodedFrame } from '@pandok/anonymizer/pixels'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePhantom } from '../../../test/phantom/index.ts'
import { startTestApi, type TestApi } from '../../../test/support/api.ts'
import { archiveDicom } from '../../../test/support/archive.ts'

const EXPLICIT = '1.2.840.10008.1.2.1'
const RLE = '1.2.840.10008.1.2.5'
const HTJ2K = '1.2.840.10008.1.2.4.201'
const HTJ2K_RPCL = '1.2.840.10008.1.2.4.202'
const JPEG_LS = '1.2.840.10008.1.2.4.80'
const SIZE = 64
const DOCUMENT = Buffer.alloc(3000, 'not a PDF, but as long as one ')

let api: TestApi
let projectId: string
let phantom: { path: string; bytes: Buffer; pixels: Buffer }[]
let encoded: { path: string; bytes: Buffer; frames: Buffer[]; native: Buffer[] }
let document: { path: string; bytes: Buffer }

beforeAll(async () => {
  api = await startTestApi()
  await api.as('admin').createProject({
    params: {},
    body: {
      key: 'lung',
      nameEn: 'Lung',
      nameKo: '폐',
      pseudonymFormat: { prefix: 'LC', digits: 5 },
    },
  })
  await api.as('admin').putMember({
    params: { projectKey: 'lung', username: 'reader' },
    body: { roles: ['labeler'] },
  })
  projectId = (await api.app.projects.byKey('lung'))?.id ?? ''
  const files = makePhantom({ seed: 3, size: SIZE, slices: 3 }).files
  phantom = await Promise.all(
    files.map(async ({ bytes }) => {
      const pixels = getBytes(readDicom(bytes).dataSet, '7FE00010') ?? new Uint8Array()
      return { ...(await archive(bytes)), pixels: Buffer.from(pixels) }
    }),
  )
  encoded = await archiveEncoded(files[0]?.bytes ?? new Uint8Array())
  document = await archiveDocument(files[0]?.bytes ?? new Uint8Array())
}, 120_000)
afterAll(() => api.stop())

const archive = (bytes: Uint8Array) => archiveDicom(api.app, projectId, bytes, 'LC00001')

/** Two frames in RLE, in a series of its own. */
async function archiveEncoded(bytes: Uint8Array) {
  const codecs = await loadFrameCodecs()
  const file = readDicom(bytes)
  const one = decodedFrame(file.dataSet, EXPLICIT, 1, codecs)
  // Turned around by its words of 16 bits.
  const other = { ...one, bytes: Uint8Array.from(one.bytes).reverse() }
  Buffer.from(other.bytes.buffer).swap16()
  const frames = [one, other].map((frame) => Buffer.from(codecs.encode(RLE, frame) ?? []))
  const written = writeDicom({
    transferSyntaxUid: RLE,
    dataSet: dataSet([
      ...file.dataSet.values(),
      value('00080018', 'UI', '2.25.77'),
      value('0020000E', 'UI', '2.25.78'),
      value('00280008', 'IS', 2),
      {
        kind: 'fragments',
        tag: '7FE00010',
        vr: 'OB',
        offsetTable: new Uint8Array(),
        fragments: frames,
      },
    ]),
  })
  const native = [Buffer.from(one.bytes), Buffer.from(other.bytes)]
  return { ...(await archive(written)), frames, native }
}

/** An instance without pixels, with a large value of its own and one in a sequence. */
async function archiveDocument(bytes: Uint8Array) {
  const { dataSet: all } = readDicom(bytes)
  const elements = [...all.values()].filter(({ tag }) => tag < '00180000' || tag.startsWith('0020'))
  return await archive(
    writeDicom({
      transferSyntaxUid: EXPLICIT,
      dataSet: dataSet([
        ...elements,
        value('00080018', 'UI', '2.25.87'),
        value('0020000E', 'UI', '2.25.88'),
        value('00420011', 'OB', DOCUMENT),
        sequence('00283010', [
          dataSet([]),
          dataSet([value('00283006', 'OW', DOCUMENT.subarray(0, 2048))]),
        ]),
      ]),
    }),
  )
}

/** One token throughout, as a client has. */
let token: string | undefined

async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const address = path.startsWith('http') ? path : `${api.url}/dicomweb${path}`
  token ??= await api.tokenOf('reader')
  const answer = await fetch(address, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
  })
  const body = Buffer.from(await answer.arrayBuffer())
  const type = answer.headers.get('content-type') ?? ''
  return { status: answer.status, type, body, headers: answer.headers, parts: partsOf(type, body) }
}

/** Header lines and bodies of a multipart answer. */
function partsOf(type: string, body: Buffer): { head: string; body: Buffer }[] {
  const boundary = /boundary=([^;]+)/.exec(type)?.[1]
  if (boundary === undefined) return []
  const parts: { head: string; body: Buffer }[] = []
  let at = 0
  for (;;) {
    const start = body.indexOf(`--${boundary}\r\n`, at)
    if (start < 0) break
    const content = body.indexOf('\r\n\r\n', start) + 4
    const end = body.indexOf(`\r\n--${boundary}`, content)
    parts.push({
      head: body.subarray(start, content).toString(),
      body: body.subarray(content, end),
    })
    at = end + 2
  }
  expect(body.subarray(at).toString()).toBe(`--${boundary}--\r\n`)
  return parts
}

const seriesOf = (path: string) => path.replace(/\/instances.*$/, '')
const studyOf = (path: string) => path.replace(/\/series.*$/, '')
const first = () => phantom[0] ?? expect.unreachable('no phantom')
const accept = (text: string) => ({ accept: text })
const sorted = (parts: readonly { body: Buffer }[]) =>
  parts.map(({ body }) => body).sort((one, other) => one.compare(other))

describe('instances', () => {
  test.each([
    ['nothing asked', '*/*', true, EXPLICIT],
    ['multipart', 'multipart/related; type="application/dicom"', true, EXPLICIT],
    ['multipart without quotes', 'multipart/related;type=application/dicom', true, EXPLICIT],
    ['single', 'application/dicom', false, EXPLICIT],
    ['single, as stored', 'application/dicom; transfer-syntax=*', false, EXPLICIT],
    [
      'the better one',
      'text/html, multipart/related; type="application/dicom";q=0.5, application/dicom;q=0.4',
      true,
      EXPLICIT,
    ],
  ])('native, %s: the archived bytes', async (_title, wanted, isMultipart, syntax) => {
    const answer = await get(first().path, accept(wanted))
    expect(answer.status).toBe(200)
    if (isMultipart) {
      expect(answer.parts).toHaveLength(1)
      expect(answer.parts[0]?.head).toContain(`application/dicom; transfer-syntax=${syntax}`)
      expect(answer.parts[0]?.body.equals(first().bytes)).toBe(true)
    } else {
      expect(answer.type).toBe(`application/dicom; transfer-syntax=${syntax}`)
      expect(answer.body.equals(first().bytes)).toBe(true)
    }
  })

  test.each([
    ['*', RLE],
    [RLE, RLE],
  ])('encapsulated, transfer-syntax=%s: the archived bytes', async (wanted) => {
    const answer = await get(encoded.path, accept(`application/dicom; transfer-syntax=${wanted}`))
    expect(answer.body.equals(encoded.bytes)).toBe(true)
  })

  test.each([
    ['encapsulated, by default: native', () => encoded, 'application/dicom', EXPLICIT],
    ['encapsulated as HTJ2K', () => encoded, `application/dicom; transfer-syntax=${HTJ2K}`, HTJ2K],
    [
      'native as HTJ2K by resolution',
      first,
      `application/dicom; transfer-syntax=${HTJ2K_RPCL}`,
      HTJ2K_RPCL,
    ],
  ])('%s, the same pixels', async (_title, source, wanted, syntax) => {
    const { path, bytes } = source()
    const answer = await get(path, accept(wanted))
    expect(answer.type).toBe(`application/dicom; transfer-syntax=${syntax}`)
    const codecs = await loadFrameCodecs()
    const [before, after] = [bytes, answer.body].map((each) => readDicom(each))
    if (before === undefined || after === undefined) expect.unreachable('no files')
    expect(after.transferSyntaxUid).toBe(syntax)
    expect(getString(after.dataSet, '00080018')).toBe(getString(before.dataSet, '00080018'))
    for (let frame = 1; frame <= (getNumber(before.dataSet, '00280008') ?? 1); frame++) {
      const [one, other] = [before, after].map((each) =>
        decodedFrame(each.dataSet, each.transferSyntaxUid, frame, codecs),
      )
      expect(Buffer.from(other?.bytes ?? []).equals(one?.bytes ?? new Uint8Array())).toBe(true)
    }
    // Made once: the second answer comes from where it was kept, with the same tag.
    const again = await get(path, accept(wanted))
    expect(again.body.equals(answer.body)).toBe(true)
    expect(again.headers.get('etag')).toBe(answer.headers.get('etag'))
  })

  test('a series and a study: every file, each as archived', async () => {
    const series = await get(
      seriesOf(first().path),
      accept('multipart/related; type="application/dicom"'),
    )
    expect(sorted(series.parts)).toEqual(sorted(phantom.map(({ bytes }) => ({ body: bytes }))))
    const study = await get(
      studyOf(first().path),
      accept('multipart/related; type="application/dicom"; transfer-syntax=*'),
    )
    const all = [...phantom, encoded, document].map(({ bytes }) => ({ body: bytes }))
    expect(sorted(study.parts)).toEqual(sorted(all))
  })

  test.each([
    ['the beginning', 'bytes=0-131', 206, 0, 132],
    ['the end', 'bytes=-10', 206, -10, 10],
    ['from the middle', 'bytes=1000-', 206, 1000, undefined],
    ['beyond the end', 'bytes=1000-99999999', 206, 1000, undefined],
    ['outside', 'bytes=99999999-', 416, 0, 0],
    ['several: the whole', 'bytes=0-1,3-4', 200, 0, undefined],
    ['another unit: the whole', 'frames=1-2', 200, 0, undefined],
    ['an end before its start: the whole', 'bytes=9-2', 200, 0, undefined],
  ])('range, %s', async (_title, range, status, offset, length) => {
    const { bytes, path } = first()
    const answer = await get(path, { ...accept('application/dicom'), range })
    expect(answer.status).toBe(status)
    if (status === 416) return
    const start = offset < 0 ? bytes.length + offset : offset
    const wanted = bytes.subarray(start, length === undefined ? undefined : start + length)
    expect(answer.body.equals(wanted)).toBe(true)
    const contentRange = `bytes ${start}-${start + wanted.length - 1}/${bytes.length}`
    expect(answer.headers.get('content-range')).toBe(status === 206 ? contentRange : null)
  })

  test('conditions: a strong tag, 304 with it, a range only of the same bytes', async () => {
    const { path, bytes } = first()
    const single = accept('application/dicom')
    const { headers } = await get(path, single)
    const etag = headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[\w-]+"$/)
    const same = await get(path, { ...single, 'if-none-match': `"other", ${etag}` })
    expect([same.status, same.body.length, same.headers.get('etag')]).toEqual([304, 0, etag])
    expect((await get(path, { ...single, 'if-none-match': '"other"' })).status).toBe(200)
    expect((await get(path, { 'if-none-match': etag })).status).toBe(200)
    const range = { ...single, range: 'bytes=0-9' }
    expect((await get(path, { ...range, 'if-range': etag })).status).toBe(206)
    expect((await get(path, { ...range, 'if-range': '"other"' })).body.length).toBe(bytes.length)
  })

  test('HEAD tells the length of what it leaves out', async () => {
    const answer = await get(first().path, accept('application/dicom'), 'HEAD')
    expect(answer.headers.get('content-length')).toBe(String(first().bytes.length))
    expect([answer.status, answer.body.length]).toEqual([200, 0])
  })
})

describe('frames', () => {
  const octets = 'application/octet-stream'
  const multi = (type: string, more = '') => `multipart/related; type="${type}"${more}`

  test.each<[string, () => { path: string }, string, string, () => Buffer]>([
    [
      'native, single',
      first,
      octets,
      `${octets}; transfer-syntax=${EXPLICIT}`,
      () => first().pixels,
    ],
    ['native, */*', first, '*/*', `${octets}; transfer-syntax=${EXPLICIT}`, () => first().pixels],
    [
      'native, as the viewer asks',
      first,
      'multipart/related; type=application/octet-stream; transfer-syntax=*',
      `${octets}; transfer-syntax=${EXPLICIT}`,
      () => first().pixels,
    ],
    [
      'encoded, */*: as stored',
      () => encoded,
      '*/*',
      `image/dicom-rle; transfer-syntax=${RLE}`,
      () => encoded.frames[0] ?? Buffer.alloc(0),
    ],
    [
      'encoded, any image',
      () => encoded,
      'image/*',
      `image/dicom-rle; transfer-syntax=${RLE}`,
      () => encoded.frames[0] ?? Buffer.alloc(0),
    ],
    [
      'encoded, octets as stored',
      () => encoded,
      multi(octets, '; transfer-syntax=*'),
      `${octets}; transfer-syntax=${RLE}`,
      () => encoded.frames[0] ?? Buffer.alloc(0),
    ],
    [
      'encoded, octets: decoded',
      () => encoded,
      octets,
      `${octets}; transfer-syntax=${EXPLICIT}`,
      () => encoded.native[0] ?? Buffer.alloc(0),
    ],
    [
      'encoded, what is preferred can be made',
      () => encoded,
      `image/jls, ${octets};q=0.9, */*;q=0.1`,
      `${octets}; transfer-syntax=${EXPLICIT}`,
      () => encoded.native[0] ?? Buffer.alloc(0),
    ],
  ])('%s', async (_title, source, wanted, type, bytes) => {
    const answer = await get(`${source().path}/frames/1`, accept(wanted))
    expect(answer.status).toBe(200)
    const [part] = answer.parts
    if (part === undefined) expect(answer.type).toBe(type)
    else expect(part.head).toContain(`Content-Type: ${type}\r\n`)
    expect((part?.body ?? answer.body).equals(bytes())).toBe(true)
  })

  test('HTJ2K of a native frame is the same pixels', async () => {
    const wanted = `image/jphc; transfer-syntax=${HTJ2K_RPCL}`
    const answer = await get(`${first().path}/frames/1`, accept(wanted))
    expect(answer.type).toBe(wanted)
    const { dataSet: header } = readDicom(first().bytes)
    const codecs = await loadFrameCodecs()
    const again = decodedFrame(
      dataSet([
        ...header.values(),
        {
          kind: 'fragments',
          tag: '7FE00010',
          vr: 'OB',
          offsetTable: new Uint8Array(),
          fragments: [answer.body],
        },
      ]),
      HTJ2K_RPCL,
      1,
      codecs,
    )
    expect(Buffer.from(again.bytes).equals(first().pixels)).toBe(true)
  })

  test('several frames, in the order asked', async () => {
    const answer = await get(`${encoded.path}/frames/2,1`, accept(multi('image/dicom-rle')))
    expect(answer.parts.map(({ body }) => body)).toEqual([...encoded.frames].reverse())
    expect(answer.parts[0]?.head).toContain(`${encoded.path}/frames/2\r\n`)
  })

  test.each([
    ['a frame that is not there', '/frames/9', '*/*', 404],
    ['frame 0', '/frames/0', '*/*', 400],
    ['several frames as one part', '/frames/1,2', octets, 406],
    ['a form that is not made', '/frames/1', 'image/jls', 406],
    ['lossy JPEG', '/frames/1', 'image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50', 406],
    [
      'another transfer syntax than the type has',
      '/frames/1',
      `image/jls; transfer-syntax=${HTJ2K}`,
      406,
    ],
    ['JPEG-LS is not made', '/frames/1', `image/jls; transfer-syntax=${JPEG_LS}`, 406],
    ['no media type', '/frames/1', 'nonsense', 400],
  ])('%s: %s %s %i', async (_title, path, wanted, status) => {
    expect((await get(encoded.path + path, accept(wanted))).status).toBe(status)
  })
})

describe('metadata and bulk data', () => {
  test('one kept, compressed where that is accepted, the same for a series and its instances', async () => {
    const plain = await get(`${seriesOf(first().path)}/metadata`, { 'accept-encoding': 'identity' })
    const zipped = await get(`${seriesOf(first().path)}/metadata`, { 'accept-encoding': 'gzip' })
    expect(zipped.headers.get('content-encoding')).toBe('gzip')
    expect(zipped.body.equals(plain.body)).toBe(true)
    expect(zipped.headers.get('etag')).not.toBe(plain.headers.get('etag'))
    const list = JSON.parse(plain.body.toString()) as DicomJson[]
    const one = await get(`${first().path}/metadata`)
    const [alone] = JSON.parse(one.body.toString()) as DicomJson[]
    expect(list).toContainEqual(alone)
    const study = await get(`${studyOf(first().path)}/metadata`, { 'accept-encoding': 'gzip' })
    expect(JSON.parse(study.body.toString())).toHaveLength(5)
  })

  test('the addresses in it lead to the values', async () => {
    const [json] = JSON.parse((await get(`${document.path}/metadata`)).body.toString()) as [
      Record<
        string,
        { vr: string; BulkDataURI?: string; Value?: Record<string, { BulkDataURI?: string }>[] }
      >,
    ]
    const own = json['00420011']?.BulkDataURI
    const inner = json['00283010']?.Value?.[1]?.['00283006']?.BulkDataURI
    expect(own).toBe(`/dicomweb${document.path}/bulkdata/00420011`)
    const [first_, second] = await Promise.all([get(`${api.url}${own}`), get(`${api.url}${inner}`)])
    expect(first_.body.equals(DOCUMENT)).toBe(true)
    expect(second.body.equals(DOCUMENT.subarray(0, 2048))).toBe(true)
    const range = await get(`${api.url}${own}`, { range: 'bytes=10-19' })
    expect([range.status, range.body]).toEqual([206, DOCUMENT.subarray(10, 20)])
    const parts = await get(
      `${api.url}${own}`,
      accept('multipart/related; type="application/octet-stream"'),
    )
    expect(parts.parts[0]?.body.equals(DOCUMENT)).toBe(true)
  })

  test('pixel data as bulk data: native in one piece, encapsulated frame by frame', async () => {
    const native = await get(
      `${first().path}/bulkdata/7FE00010`,
      accept('application/octet-stream'),
    )
    expect(native.body.equals(first().pixels)).toBe(true)
    const frames = await get(`${encoded.path}/bulkdata/7FE00010`)
    expect(frames.parts.map(({ body }) => body)).toEqual(encoded.frames)
  })

  test.each([
    ['a value that is not there', '/bulkdata/00420012', 404],
    ['an item that is not there', '/bulkdata/00283010.7.00283006', 404],
    ['no tag', '/bulkdata/nonsense', 400],
  ])('%s', async (_title, path, status) => {
    expect((await get(document.path + path)).status).toBe(status)
  })
})

describe('rendered', () => {
  /** Width and height of a PNG or JPEG. */
  function sizeOf(type: string, body: Buffer): [number, number] {
    if (type === 'image/png') return [body.readUInt32BE(16), body.readUInt32BE(20)]
    const at = body.indexOf(Buffer.from([0xff, 0xc0]))
    return [body.readUInt16BE(at + 7), body.readUInt16BE(at + 5)]
  }

  test.each<[string, string, string, string, [number, number]]>([
    ['JPEG by default', '/rendered', '*/*', 'image/jpeg', [SIZE, SIZE]],
    ['PNG', '/rendered', 'image/png', 'image/png', [SIZE, SIZE]],
    ['PNG by query', '/rendered?accept=image/png', 'image/jpeg', 'image/png', [SIZE, SIZE]],
    ['a frame', '/frames/1/rendered', 'image/jpeg', 'image/jpeg', [SIZE, SIZE]],
    ['in a viewport', '/rendered?viewport=32,16', 'image/png', 'image/png', [16, 16]],
    ['a region of it', '/rendered?viewport=30,30,10,20,20,10', 'image/png', 'image/png', [30, 15]],
    ['by window', '/rendered?window=40,400,linear&quality=50', '*/*', 'image/jpeg', [SIZE, SIZE]],
    ['thumbnail', '/thumbnail', '*/*', 'image/jpeg', [128, 128]],
    [
      'a smaller one of a frame',
      '/frames/1/thumbnail?viewport=20,20',
      'image/png',
      'image/png',
      [20, 20],
    ],
  ])('%s', async (_title, path, wanted, type, size) => {
    const answer = await get(first().path + path, accept(wanted))
    expect([answer.status, answer.type]).toEqual([200, type])
    expect(sizeOf(answer.type, answer.body)).toEqual(size)
  })

  test('thumbnails of a series and its study show what is in its middle', async () => {
    const [series, study] = await Promise.all([
      get(`${seriesOf(first().path)}/thumbnail`),
      get(`${studyOf(first().path)}/thumbnail`),
    ])
    expect([series.status, study.status]).toEqual([200, 200])
    expect(study.body.equals(series.body)).toBe(true)
  })

  test('another window is another picture; an annotation is warned of', async () => {
    const [one, other] = await Promise.all([
      get(`${first().path}/rendered?window=40,400,linear`, accept('image/png')),
      get(`${first().path}/rendered?window=-600,1500,sigmoid`, accept('image/png')),
    ])
    expect(one.body.equals(other.body)).toBe(false)
    expect(one.headers.get('etag')).not.toBe(other.headers.get('etag'))
    const warned = await get(`${first().path}/rendered?annotation=patient`)
    expect(warned.headers.get('warning')).toContain('Annotations are not supported')
  })

  test.each([
    ['window=40', 400],
    ['window=40,0,linear', 400],
    ['window=40,400,cubic', 400],
    ['viewport=0,10', 400],
    ['viewport=99999,10', 400],
    ['quality=0', 400],
    ['quality=101', 400],
    ['annotation=name', 400],
    ['iccprofile=srgb', 400],
    ['nonsense=1', 400],
    ['accept=image/gif', 406],
  ])('%s: %i', async (query, status) => {
    expect((await get(`${first().path}/rendered?${query}`)).status).toBe(status)
  })

  test('what has no pixels is not there to be rendered', async () => {
    expect((await get(`${document.path}/rendered`)).status).toBe(404)
  })
})

describe('access', () => {
  test.each(['', '/metadata', '/frames/1', '/rendered', '/thumbnail', '/bulkdata/7FE00010'])(
    'of nobody of the project, %s is not there, as in a project that is not',
    async (path) => {
      const stranger = await api.tokenOf('stranger')
      for (const base of ['/dicomweb', '/dicomweb/projects/lung', '/dicomweb/projects/none']) {
        const answer = await fetch(api.url + base + first().path + path, {
          headers: { authorization: `Bearer ${stranger}` },
        })
        expect(answer.status).toBe(404)
        expect(await answer.json()).toMatchObject({ code: 'NOT_FOUND' })
      }
    },
  )

  test('within its project everything is as outside', async () => {
    const inside = await get(`/projects/lung${first().path}`, accept('application/dicom'))
    expect(inside.body.equals(first().bytes)).toBe(true)
  })

  test('an instance of another series is not there', async () => {
    const mixed = `${seriesOf(first().path)}/instances/2.25.77`
    expect((await get(mixed)).status).toBe(404)
  })
})

describe('the short way', () => {
  test.each([
    ['a frame', '/frames/1', '*/*'],
    ['a frame as one part', '/frames/1', 'application/octet-stream; transfer-syntax=*'],
    ['an instance', '', 'application/dicom; transfer-syntax=*'],
  ])('%s: the same bytes and headers as by the long one', async (_title, path, wanted) => {
    // Only the second can be answered from memory; an unknown unit of a range makes the third go the whole way.
    await get(first().path + path, accept(wanted))
    const short = await get(first().path + path, accept(wanted))
    const long = await get(first().path + path, { ...accept(wanted), range: 'frames=1' })
    expect(short.headers.get('content-security-policy')).toBeNull()
    expect(long.headers.get('content-security-policy')).not.toBeNull()
    expect(short.body.equals(long.body)).toBe(true)
    for (const name of ['content-type', 'content-length', 'etag', 'cache-control', 'vary']) {
      if (name === 'content-length' && long.parts.length > 0) continue
      expect(short.headers.get(name), name).toBe(long.headers.get(name))
    }
  })

  test('who loses the role is out with the next request, here and in another process', async () => {
    const member = { projectKey: 'lung', username: 'reader' }
    const put = (roles: ('labeler' | 'reviewer')[]) =>
      api.as('admin').putMember({ params: member, body: { roles } })
    const status = async () => (await get(`${first().path}/frames/1`)).status
    expect([await status(), await status()]).toEqual([200, 200])
    await put([])
    expect(await status()).toBe(404)
    await put(['labeler'])
    expect([await status(), await status()]).toEqual([200, 200])
    // As another process would: past this one's service.
    await api.app.db.run('delete from membership')
    await expect.poll(status, { timeout: 2_000, interval: 5 }).toBe(404)
    await put(['labeler'])
    expect(await status()).toBe(200)
  })
})
