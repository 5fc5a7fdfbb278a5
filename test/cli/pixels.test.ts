/**
 * What the command does about text in pixels, with real files, its real detector and its real page in
 * a real browser: series that claim to be free of text, images that wait for a person, a preview.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  dataSet,
  type Element,
  getBytes,
  getItems,
  getString,
  readDicom,
  replaced,
  value,
  writeDicom,
} from '@pandok/anonymizer/dicom'
import { loadFrameCodecs } from '@pandok/anonymizer/node/frame-codecs'
import type { Region } from '@pandok/anonymizer/pixels'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { lettersOf } from '../conformance/pixels/planted.ts'
import { makePhantom } from '../phantom/index.ts'
import { hasBrowser, launchBrowser } from '../support/browser.ts'
import { picturesDirectory } from '../support/figures.ts'

const MAIN = join(import.meta.dirname, '../../deploy/cli/main.mjs')
const NATIVE = '1.2.840.10008.1.2.1'
const RLE = '1.2.840.10008.1.2.5'
const JPEG_2000 = '1.2.840.10008.1.2.4.90'
const NAME = 'KIM MINJUN 19580217'
const PIXEL_DATA = '7FE00010'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pandok-pixels-'))
  await mkdir(join(folder, 'in'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})
const at = (...parts: string[]) => join(folder, ...parts)

function start(...args: string[]) {
  const key = ['--key-file', at('key')]
  const child = spawn(process.execPath, [MAIN, 'deidentify', at('in'), ...key, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const address = Promise.withResolvers<string>()
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const [found] = /http:\/\/127\.0\.0\.1:\d+\/#[0-9a-f]{32}/.exec(text) ?? []
      if (found !== undefined) address.resolve(found)
    })
  }
  const ended = once(child, 'close').then(() => {
    address.reject(new Error(`no page was opened: ${text}`))
    return { code: child.exitCode, text }
  })
  // Runs without a page end as well.
  address.promise.catch(() => undefined)
  return { address: address.promise, ended }
}

interface Report {
  readonly counts: Readonly<Record<string, number>>
  readonly pixels: { readonly looked: number; readonly frames: number }
  readonly refusals: readonly { readonly input: string; readonly code: string }[]
}
const reportOf = (out: string) => JSON.parse(readFileSync(at(out, 'report.json'), 'utf8')) as Report

interface Review {
  readonly inputs: readonly {
    readonly proposed: readonly Region[]
    readonly decision: { readonly kind: string; readonly regions: readonly Region[] } | null
  }[]
}
const reviewOf = (out: string) =>
  JSON.parse(readFileSync(at(out, 'report.pixels.json'), 'utf8')) as Review

/** Path → SHA-256 of every image below a folder. */
function tree(out: string): Record<string, string> {
  if (!existsSync(at(out))) return {}
  const names = readdirSync(at(out), { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(
    names
      .filter((name) => name.endsWith('.dcm'))
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(at(out, name)))
          .digest('hex'),
      ]),
  )
}

describe('a series of CT that claims to be free of text', () => {
  const SIDE = 512
  const SLICES = 12
  const WRITTEN_ON = 7

  test.each([
    ['native', NATIVE],
    ['RLE', RLE],
    ['JPEG 2000', JPEG_2000],
  ])(
    '%s: the one slice that is written on is refused, the others are written',
    async (what, syntax) => {
      const codecs = await loadFrameCodecs()
      const { files } = makePhantom({ seed: 4, size: SIDE, slices: SLICES })
      for (const [index, { name, bytes }] of files.entries()) {
        const file = readDicom(bytes)
        const pixels = Uint8Array.from(getBytes(file.dataSet, PIXEL_DATA) ?? [])
        if (index === WRITTEN_ON) {
          const samples = new Uint16Array(pixels.buffer)
          for (const each of lettersOf(NAME, 16, 8, 6, SIDE)) samples[each] = 4095
        }
        const shape = {
          rows: SIDE,
          columns: SIDE,
          samplesPerPixel: 1,
          bitsAllocated: 16,
          bitsStored: 12,
          highBit: 11,
          isSigned: false,
          isFloat: false,
          isPlanar: false,
          photometricInterpretation: 'MONOCHROME2',
        } as const
        const encoded = codecs.encode(syntax, { bytes: pixels, shape })
        const element: Element =
          syntax === NATIVE || encoded === undefined
            ? value(PIXEL_DATA, 'OW', pixels)
            : {
                kind: 'fragments',
                tag: PIXEL_DATA,
                vr: 'OB',
                offsetTable: new Uint8Array(),
                fragments: [encoded],
              }
        const set = replaced(file.dataSet, [element])
        await writeFile(at('in', name), writeDicom({ transferSyntaxUid: syntax, dataSet: set }))
      }
      const { code, text } = await start('--out', at('out')).ended
      const { counts, pixels, refusals } = reportOf('out')
      print(`${what}: looked at ${pixels.looked} of ${pixels.frames} frames`)
      expect(text).not.toContain('Warning')
      expect({ code, counts, codes: refusals.map((each) => each.code) }).toMatchObject({
        code: 1,
        counts: { inputs: SLICES, written: SLICES - 1, refused: 1 },
        codes: ['DEID_TEXT_FOUND'],
      })
      // One sample shows text, so all of the series is looked at.
      expect(pixels).toEqual({ looked: SLICES, frames: SLICES })
      expect(Object.keys(tree('out'))).toHaveLength(SLICES - 1)
    },
    120_000,
  )
})

describe.skipIf(!hasBrowser)('an ultrasound waits for a person', () => {
  const [WIDTH, HEIGHT, FRAMES] = [640, 480, 4]
  const letters = lettersOf(NAME, 16, 12, 8, WIDTH)
  let browser: Browser
  let original: Uint8Array = new Uint8Array()

  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser.close()
  })
  beforeEach(async () => {
    original = ultrasound()
    await writeFile(at('in', 'us.dcm'), original)
  })

  /** A moving bright spot in gray speckle, a name in the corner of every frame. */
  function ultrasound(): Uint8Array {
    const size = WIDTH * HEIGHT
    const pixels = new Uint8Array(size * 3 * FRAMES)
    for (let index = 0; index < size * FRAMES; index++) {
      const [frame, x, y] = [
        Math.floor(index / size),
        index % WIDTH,
        Math.floor((index % size) / WIDTH),
      ]
      const isInside = y > 60 && Math.abs(x - WIDTH / 2) < y * 0.6
      const spot = Math.hypot(x - 320 - 20 * frame, y - 300) < 40 ? 90 : 0
      const gray = isInside ? 60 + spot + ((x * 31 + y * 17) % 23) : 0
      pixels.fill(gray, index * 3, index * 3 + 3)
    }
    for (let frame = 0; frame < FRAMES; frame++) {
      for (const each of letters) {
        const start = (frame * size + each) * 3
        pixels.fill(255, start, start + 3)
      }
    }
    return writeDicom({
      transferSyntaxUid: NATIVE,
      dataSet: dataSet([
        value('00080005', 'CS', 'ISO_IR 192'),
        value('00080008', 'CS', ['ORIGINAL', 'PRIMARY']),
        value('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.3.1'),
        value('00080018', 'UI', '1.2.3.4.3'),
        value('00080020', 'DA', '20240305'),
        value('00080060', 'CS', 'US'),
        value('00100010', 'PN', 'Kim^Minjun'),
        value('00100020', 'LO', 'HOSP-77123'),
        value('0020000D', 'UI', '1.2.3.4.1'),
        value('0020000E', 'UI', '1.2.3.4.2'),
        value('00200013', 'IS', 1),
        value('00280002', 'US', 3),
        value('00280004', 'CS', 'RGB'),
        value('00280006', 'US', 0),
        value('00280008', 'IS', FRAMES),
        value('00280010', 'US', HEIGHT),
        value('00280011', 'US', WIDTH),
        value('00280100', 'US', 8),
        value('00280101', 'US', 8),
        value('00280102', 'US', 7),
        value('00280103', 'US', 0),
        value(PIXEL_DATA, 'OW', pixels),
      ]),
    })
  }

  async function open(address: string): Promise<{ page: Page; faults: string[] }> {
    const faults: string[] = []
    const context = await browser.newContext({
      locale: 'en-US',
      viewport: { width: 1280, height: 800 },
    })
    const page = await context.newPage()
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text())
    })
    await page.goto(address)
    return { page, faults }
  }

  async function seeAll(page: Page): Promise<void> {
    await page
      .locator('#where')
      .filter({ hasText: `1 of ${FRAMES}` })
      .waitFor()
    for (let frame = 2; frame <= FRAMES; frame++) {
      await page.keyboard.press('PageDown')
      await page
        .locator('#where')
        .filter({ hasText: `${frame} of ${FRAMES} · seen ${frame}` })
        .waitFor()
    }
  }

  test('without --review it is refused', async () => {
    const { code } = await start('--out', at('out')).ended
    expect(code).toBe(1)
    expect(reportOf('out').refusals).toMatchObject([{ code: 'DEID_PIXELS_UNSEEN' }])
    expect(tree('out')).toEqual({})
  }, 60_000)

  test('what the person decides is done, again without the person, and for these bytes only', async () => {
    const run = start('--out', at('out'), '--review')
    const { page, faults } = await open(await run.address)
    await page.locator('#boxes rect').first().waitFor()
    await takePicture(page, 'operator-review')
    await page.keyboard.press('Enter')
    expect(reviewOf('out').inputs).toMatchObject([{ decision: null }])
    await seeAll(page)
    await page.keyboard.press('Space')
    await takePicture(page, 'operator-review-after')
    await page.keyboard.press('Enter')
    await page.locator('nav small').filter({ hasText: 'blanked' }).waitFor()
    await page.getByRole('button', { name: 'Finish' }).click()
    await page.getByText('Done.').waitFor()
    expect(faults).toEqual([])
    await page.context().close()
    const { code, text } = await run.ended
    expect(code).toBe(0)
    expect(text).not.toContain('Warning')
    const [reviewed] = reviewOf('out').inputs
    expect(reviewed?.proposed.length).toBeGreaterThan(0)
    const regions = reviewed?.decision?.regions ?? []

    const [name = ''] = Object.keys(tree('out'))
    const output = readDicom(readFileSync(at('out', name))).dataSet
    expect(getString(output, '00280301')).toBe('NO')
    const codes = getItems(output, '00120064').map((item) => getString(item, '00080100'))
    expect(codes).toContain('113101')
    const before = getBytes(readDicom(original).dataSet, PIXEL_DATA) ?? new Uint8Array()
    const after = getBytes(output, PIXEL_DATA) ?? new Uint8Array()
    expect(after).toHaveLength(before.length)
    let [lettersLeft, changedOutside] = [0, 0]
    const isLetter = new Set(letters)
    for (let index = 0; index < WIDTH * HEIGHT * FRAMES; index++) {
      const pixel = index % (WIDTH * HEIGHT)
      const [x, y] = [pixel % WIDTH, Math.floor(pixel / WIDTH)]
      const isInside = regions.some(
        ({ left, top, width, height }) =>
          x >= left && x < left + width && y >= top && y < top + height,
      )
      if (isLetter.has(pixel) && after[index * 3] === 255) lettersLeft++
      if (!isInside && after[index * 3] !== before[index * 3]) changedOutside++
    }
    print(`ultrasound: ${regions.length} boxes, ${lettersLeft} pixels of letters left`)
    expect({ lettersLeft, changedOutside }).toEqual({ lettersLeft: 0, changedOutside: 0 })

    await mkdir(at('again'))
    await copyFile(at('out', 'report.pixels.json'), at('again', 'report.pixels.json'))
    expect(await start('--out', at('again'), '--resume').ended).toMatchObject({ code: 0 })
    expect(tree('again')).toEqual(tree('out'))

    const changed = original.slice()
    changed[changed.length - 1] = 77
    await writeFile(at('in', 'us.dcm'), changed)
    await mkdir(at('changed'))
    await copyFile(at('out', 'report.pixels.json'), at('changed', 'report.pixels.json'))
    expect(await start('--out', at('changed'), '--resume').ended).toMatchObject({ code: 1 })
    expect(reportOf('changed').refusals).toMatchObject([{ code: 'DEID_PIXELS_UNSEEN' }])
  }, 180_000)

  test('what the person leaves out stays out; nobody else gets to the page', async () => {
    const run = start('--out', at('out'), '--review')
    const address = await run.address
    const { host, origin, hash } = new URL(address)
    const token = hash.slice(1)
    const ask = (headers: Record<string, string>, path = '/api/series') =>
      new Promise<number | undefined>((resolve, reject) => {
        request(`${origin}${path}`, { headers }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
          .once('error', reject)
          .end()
      })
    expect(await ask({ host, 'x-pandok-token': token })).toBe(200)
    expect(await ask({ host })).toBe(403)
    expect(await ask({ host, 'x-pandok-token': 'f'.repeat(32) })).toBe(403)
    expect(await ask({ host }, '/api/frame?input=1&frame=1')).toBe(403)
    expect(await ask({ host: 'pandok.example', 'x-pandok-token': token })).toBe(421)

    const { page } = await open(address)
    await page.locator('#boxes rect').first().waitFor()
    await page.keyboard.press('l')
    await page.locator('nav small').filter({ hasText: 'left out' }).waitFor()
    await page.getByRole('button', { name: 'Finish' }).click()
    await page.getByText('Done.').waitFor()
    await page.context().close()
    expect(await run.ended).toMatchObject({ code: 1 })
    expect(reportOf('out').refusals).toMatchObject([{ code: 'DEID_LEFT_OUT' }])
    expect(tree('out')).toEqual({})
  }, 120_000)

  test('--preview shows before and after, and writes what --dry-run writes', async () => {
    const [slice] = makePhantom({ seed: 4, size: 64, slices: 1 }).files
    await writeFile(at('in', 'ct.dcm'), slice?.bytes ?? '')
    await start('--out', at('dry'), '--report', at('dry', 'report.json'), '--dry-run').ended
    const run = start('--out', at('out'), '--report', at('shown', 'report.json'), '--preview')
    const { page, faults } = await open(await run.address)
    await page.locator('aside table').getByText('PatientID', { exact: true }).waitFor()
    await takePicture(page, 'operator-preview')
    const shown = await page.locator('aside').innerText()
    expect(shown).toContain('HOSP-77123')
    expect(shown).toMatch(/LC\d{5}/)
    await page.getByRole('button', { name: 'Finish' }).click()
    await page.getByText('Done.').waitFor()
    await page.context().close()
    await run.ended
    expect(faults).toEqual([])
    const names = (where: string) => readdirSync(at(where), { recursive: true }).sort()
    expect(names('shown')).toEqual(names('dry'))
    expect(existsSync(at('out'))).toBe(false)
    expect(existsSync(at('key'))).toBe(false)
    for (const name of names('shown')) {
      const text = await readFile(at('shown', String(name)), 'utf8')
      expect(text).not.toMatch(/PHANTOM-4|Phantom\^P4|HOSP-77123|Kim\^Minjun|us\.dcm|ct\.dcm/)
    }
  }, 120_000)
})

async function takePicture(page: Page, name: string): Promise<void> {
  if (picturesDirectory === undefined) return
  await mkdir(picturesDirectory, { recursive: true })
  await page.screenshot({ path: join(picturesDirectory, `${name}.png`) })
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
