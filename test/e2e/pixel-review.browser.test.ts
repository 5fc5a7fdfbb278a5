/**
 * Text in pixels, in a real browser: an ultrasound with names in it, a CT with a name in one slice and
 * a plain CT are uploaded. A person sees and blanks what has to go; the rest needs nobody. No request
 * carries a pixel of the names, the archive has black there, and everything else as it was.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePhantom } from '../phantom/index.ts'
import { hasBrowser, launchBrowser, signIn } from '../support/browser.ts'
import { printFigure, takePicture } from '../support/figures.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import { type Lettering, letter, ultrasound, writtenCt } from './written-images.ts'

const ROOT = join(import.meta.dirname, '../..')
const isCi = process.env['CI'] === 'true'
const US = { width: 640, height: 480 }
const US_IMAGES = 3
const CT_SIZE = 256
const CT_SLICES = 9
const WRITTEN_SLICE = 4

interface PixelBox {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

describe.skipIf(!hasBrowser && !isCi)('pixel review in the browser', () => {
  let pandok: TestInstallation
  let browser: Browser
  let page: Page
  let folder: string
  const faults: string[] = []
  /** What left the page, and how many requests had something to carry. */
  const bodies: Buffer[] = []
  let requests = 0

  let usLettering: Lettering
  let ctLettering: Lettering
  let usImages: ReturnType<typeof ultrasound>[] = []
  let ctImages: ReturnType<typeof writtenCt> = []
  let usBoxes: PixelBox[] = []
  let ctBoxes: PixelBox[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pandok-pixels-'))
    pandok = await startTestInstallation({ viewerDirectory: join(ROOT, 'viewer/dist') })
    browser = await launchBrowser()
    page = await signIn(browser, pandok, 'data-manager', faults)
    page.setDefaultTimeout(60_000)
    usLettering = await letter(
      page,
      US,
      [
        { text: 'HONG GILDONG  M 1958-02-17', left: 24, top: 10 },
        { text: '홍길동 대한병원 2024-03-05', left: 24, top: 34 },
      ],
      18,
    )
    ctLettering = await letter(
      page,
      { width: CT_SIZE, height: CT_SIZE },
      [{ text: 'KIM CHULSOO 1958', left: 8, top: 8 }],
      16,
    )
    usImages = Array.from({ length: US_IMAGES }, (_, at) =>
      ultrasound({ seed: 41, instance: at + 1, lettering: usLettering }),
    )
    ctImages = writtenCt({
      seed: 42,
      size: CT_SIZE,
      slices: CT_SLICES,
      written: WRITTEN_SLICE,
      lettering: ctLettering,
    })
    const plain = makePhantom({ seed: 43, size: CT_SIZE, slices: CT_SLICES }).files
    await mkdir(join(folder, 'all'))
    for (const { name, bytes } of [...usImages, ...ctImages, ...plain]) {
      await writeFile(join(folder, 'all', name), bytes)
    }
    await listen()
  })

  afterAll(async () => {
    await browser.close()
    await pandok.stop()
    await rm(folder, { recursive: true, force: true })
  })

  /** Every request of the window with a body is counted; what the page hands to fetch is kept. */
  async function listen(): Promise<void> {
    page.context().on('request', (request) => {
      if (request.method() === 'PUT' || request.method() === 'POST') {
        if (request.url().includes('/api/')) requests++
      }
    })
    await page.exposeFunction('keepBody', (base64: string) => {
      bodies.push(Buffer.from(base64, 'base64'))
    })
    await page.evaluate(() => {
      const keep = (globalThis as unknown as { keepBody: (base64: string) => Promise<void> })
        .keepBody
      const send = globalThis.fetch.bind(globalThis)
      globalThis.fetch = async (input, init) => {
        if (init?.body !== undefined && init.body !== null) {
          const bytes = new Uint8Array(await new Response(init.body).arrayBuffer())
          let text = ''
          for (let at = 0; at < bytes.length; at += 32_768) {
            text += String.fromCharCode(...bytes.subarray(at, at + 32_768))
          }
          await keep(btoa(text))
        }
        return await send(input, init)
      }
    })
  }

  /** Keys are for the review again, not for the language that was chosen last. */
  const picture = async (name: string) => {
    await takePicture(page, name)
    await page.evaluate(() => {
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
    })
  }

  const review = () => page.getByRole('region', { name: 'Look at the pixels' })
  const blank = () => review().getByRole('button', { name: /^Blank \d/ })

  /** The boxes over the frame that is drawn, in its pixels. */
  async function boxesOn(size: { width: number; height: number }): Promise<PixelBox[]> {
    const styles = await review()
      .locator('.review-stage .pixel-mark')
      .evaluateAll((marks) =>
        marks.map((mark) => {
          const { left, top, width, height } = (mark as HTMLElement).style
          return [left, top, width, height].map((part) => Number.parseFloat(part) / 100)
        }),
      )
    return styles.map(([left = 0, top = 0, width = 0, height = 0]) => ({
      left: Math.round(left * size.width),
      top: Math.round(top * size.height),
      width: Math.round(width * size.width),
      height: Math.round(height * size.height),
    }))
  }

  const isInside = (boxes: readonly PixelBox[], x: number, y: number) =>
    boxes.some(
      ({ left, top, width, height }) =>
        x >= left && x < left + width && y >= top && y < top + height,
    )

  /** Letters that no box covers. */
  function uncovered({ width, mask }: Lettering, boxes: readonly PixelBox[]): number {
    return mask.reduce(
      (sum, isLetter, at) =>
        sum + (isLetter === 1 && !isInside(boxes, at % width, Math.floor(at / width)) ? 1 : 0),
      0,
    )
  }

  const chooseWaiting = async (modality: string) => {
    const choice = review().getByRole('button', { name: new RegExp(`^\\d\\. ${modality}`) })
    if ((await choice.count()) > 0) await choice.click()
  }

  test('what waits for a person waits; the plain series goes meanwhile', {
    timeout: 420_000,
  }, async () => {
    const started = performance.now()
    await page.getByTestId('upload-input').setInputFiles(join(folder, 'all'))
    await expect.poll(() => review().count(), { timeout: 240_000 }).toBe(1)
    await page.getByText('2 series wait for you').waitFor({ timeout: 240_000 })
    printFigure('pixel review: 21 files read and searched for text', performance.now() - started)
    await expect
      .poll(() => page.getByText('received', { exact: true }).count(), { timeout: 60_000 })
      .toBe(CT_SLICES)
    expect(await page.getByRole('link', { name: 'See what was changed' }).count()).toBe(0)
    await page.evaluate(() => scrollTo(0, 0))
  })

  test('the ultrasound: proposed boxes cover the names; seen at a glance; blanked', {
    timeout: 120_000,
  }, async () => {
    await chooseWaiting('US')
    await review().locator('.review-stage[data-drawn=true]').waitFor()
    await expect
      .poll(() => review().locator('.review-stage .pixel-mark.detector').count())
      .toBeGreaterThan(0)
    expect(uncovered(usLettering, await boxesOn(US))).toBe(0)
    await picture('pixel-review')
    // Everything has to be seen first.
    expect(await blank().isDisabled()).toBe(true)
    await review().getByText('1 of 3', { exact: true }).waitFor()
    await page.keyboard.press('s')
    await expect.poll(() => blank().isEnabled()).toBe(true)
    await picture('pixel-review-sheet')
    await page.keyboard.press('s')

    // A box by drag, moved, resized and taken away by keys; one more by key.
    const before = (await boxesOn(US)).length
    const stage = await review().locator('.review-stage').boundingBox()
    if (stage === null) throw new Error('no frame is drawn')
    const at = (x: number, y: number) =>
      [stage.x + (x / US.width) * stage.width, stage.y + (y / US.height) * stage.height] as const
    await page.mouse.move(...at(40, 400))
    await page.mouse.down()
    await page.mouse.move(...at(100, 430), { steps: 4 })
    await page.mouse.up()
    await expect.poll(async () => (await boxesOn(US)).length).toBe(before + 1)
    const placed = async () => (await boxesOn(US)).at(-1)
    const drawn = await placed()
    expect(drawn?.left).toBeCloseTo(40, -1)
    await page.keyboard.press('ArrowRight')
    await expect.poll(async () => (await placed())?.left).toBe((drawn?.left ?? 0) + 1)
    await page.keyboard.press('Shift+ArrowDown')
    await expect.poll(async () => (await placed())?.height).toBe((drawn?.height ?? 0) + 1)
    await page.keyboard.press('Delete')
    await expect.poll(async () => (await boxesOn(US)).length).toBe(before)
    await page.keyboard.press('n')
    await expect.poll(async () => (await boxesOn(US)).length).toBe(before + 1)
    // Before and after.
    await page.keyboard.press(' ')
    await expect
      .poll(() => review().locator('.review-stage .pixel-mark.blank').count())
      .toBe(before + 1)
    await picture('pixel-review-after')
    await page.keyboard.press(' ')
    await page.keyboard.press('PageDown')
    await review().getByText('Image 2 of 3').first().waitFor()
    usBoxes = await boxesOn(US)
    await page.keyboard.press('Enter')
    await page.getByText('1 series waits for you').waitFor()
  })

  test('the CT: the slice with the name is shown; its box is for this image only', {
    timeout: 120_000,
  }, async () => {
    await review().getByText('text was found where none was announced').waitFor()
    await review().locator('.review-stage[data-drawn=true]').waitFor()
    const size = { width: CT_SIZE, height: CT_SIZE }
    ctBoxes = await boxesOn(size)
    expect(uncovered(ctLettering, ctBoxes)).toBe(0)
    const reach = review().getByRole('combobox').first()
    await expect.poll(() => reach.evaluate((it) => (it as HTMLSelectElement).value)).toBe('file')
    await expect.poll(() => blank().isEnabled()).toBe(true)
    await blank().click()
    await expect.poll(() => review().count()).toBe(0)
    await page.getByRole('link', { name: 'See what was changed' }).waitFor()
    await picture('pixel-review-done')
  })

  test('no request carried a row of the names', () => {
    expect(requests).toBe(bodies.length)
    expect(bodies.length).toBeGreaterThan(US_IMAGES + 2 * CT_SLICES)
    const rows = [
      ...rowsWithLetters(usLettering).map((row) => rowOf(usImages[0]?.pixels, row, US.width)),
      ...rowsWithLetters(ctLettering).map((row) =>
        rowOf(ctImages[WRITTEN_SLICE]?.pixels, row, CT_SIZE * 2),
      ),
    ]
    expect(rows.length).toBeGreaterThan(20)
    for (const row of rows) {
      expect(bodies.some((body) => body.includes(row))).toBe(false)
    }
    process.stdout.write(
      `pixel review: ${rows.length} rows of names in none of ${bodies.length} bodies\n`,
    )
  })

  /** Rows of the frame that hold letters, by their numbers. */
  function rowsWithLetters({ width, height, mask }: Lettering): number[] {
    return Array.from({ length: height }, (_, row) => row).filter(
      (row) =>
        mask.subarray(row * width, (row + 1) * width).filter((each) => each === 1).length > 8,
    )
  }

  /** The bytes of a row from its first letter to its last. */
  function rowOf(pixels: Uint8Array | undefined, row: number, bytesPerRow: number): Buffer {
    const all = Buffer.from(pixels ?? []).subarray(row * bytesPerRow, (row + 1) * bytesPerRow)
    return all.subarray(0, Math.floor(bytesPerRow * 0.6))
  }

  test('QC: the person looks, approves; the archive is black in the boxes and as it was outside', {
    timeout: 180_000,
  }, async () => {
    await page.getByRole('link', { name: 'See what was changed' }).click()
    const approve = page.getByRole('button', { name: 'Approve' })
    await approve.waitFor({ timeout: 120_000 })
    await page.locator('canvas[data-drawn=true]').first().waitFor()
    await picture('qc-pixels')
    expect(await approve.isDisabled()).toBe(true)
    // Two series ask: the ultrasound, whose kind always does, and the CT that was blanked.
    const asking = page.getByRole('button', { name: 'I have looked at it' })
    expect(await asking.count()).toBe(2)
    const series = page.getByRole('figure')
    for (let at = 0; at < (await series.count()); at++) {
      const one = series.nth(at)
      const seen = one.getByRole('button', { name: 'I have looked at it' })
      if ((await seen.count()) === 0) continue
      const next = one.getByRole('button', { name: 'Next unseen' })
      const go = async () => {
        if (await next.isVisible()) await next.click()
        return await seen.isEnabled()
      }
      await expect.poll(go, { timeout: 60_000, interval: 200 }).toBe(true)
      await seen.click()
      await one.getByText(/^Looked at by/).waitFor()
    }
    await expect.poll(() => approve.isEnabled()).toBe(true)
    await page
      .getByRole('table', { name: 'What was changed' })
      .getByText('removed')
      .first()
      .waitFor()
    await approve.click()
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
    await page.getByText('Archived. The case is waiting').waitFor({ timeout: 60_000 })
    const uploadId = page.url().split('/').at(-1) ?? ''
    const client = pandok.as('data-manager')
    const upload = await client.getUpload({ params: { uploadId } })
    const frames = async (modality: string) => {
      const found: Uint8Array[][] = []
      for (const series of upload.studies.flatMap((study) => study.series)) {
        if (series.modality !== modality) continue
        const params = { uploadId, series: series.seriesInstanceUid }
        const { items } = await client.listUploadImages({ params })
        const ofSeries: Uint8Array[] = []
        for (const { sha256 } of items) {
          const frame = await client.getUploadFrame({ params: { uploadId, sha256, frame: 1 } })
          ofSeries.push(new Uint8Array(await frame.arrayBuffer()))
        }
        found.push(ofSeries)
      }
      return found
    }
    const [usFrames = []] = await frames('US')
    expect(usFrames).toHaveLength(US_IMAGES)
    usFrames.forEach((frame, at) => {
      expect(differences(usImages[at]?.pixels, frame, usBoxes, US.width, 1)).toEqual({
        inside: 0,
        outside: 0,
      })
    })
    // The phantom numbers its slices from the head; the archive is in that order.
    const written = ctImages.toReversed().map(({ pixels }) => pixels)
    const seriesOfCt = await frames('CT')
    expect(seriesOfCt).toHaveLength(2)
    const ct = seriesOfCt.find((ofSeries) => isEqual(ofSeries[0], written[0])) ?? []
    ct.forEach((frame, at) => {
      const isWritten = at === CT_SLICES - 1 - WRITTEN_SLICE
      const boxes = isWritten ? ctBoxes : []
      expect(differences(written[at], frame, boxes, CT_SIZE, 2)).toEqual({ inside: 0, outside: 0 })
    })
    expect(ct).toHaveLength(CT_SLICES)
    expect(faults).toEqual([])
  })

  test('the record has the upload in words; the settings tell by which rules it was done', {
    timeout: 120_000,
  }, async () => {
    await page.getByRole('link', { name: 'De-identification record' }).click()
    const ledger = page.getByRole('table', { name: 'Ledger' })
    const entry = ledger.getByRole('row', { name: /Upload de-identified and checked/ })
    await entry.getByText(/files 21 · de-identified 21/).waitFor()
    await page.getByRole('button', { name: 'Verify the chain' }).click()
    await page.getByText(/^The chain holds/).waitFor()
    await picture('record')
    await page.getByRole('link', { name: 'Settings' }).click()
    await page.getByText('The project manager sets these.').waitFor()
    await page.getByText('in force', { exact: true }).first().waitFor()
    await picture('settings-data-manager')
    const manager = await signIn(browser, pandok, 'manager', faults)
    await manager.getByRole('link', { name: 'Settings' }).click()
    const text = manager.getByLabel('Text of the profile (YAML or JSON)')
    await text.fill('profile: 3')
    await manager.getByText('Line 1:').waitFor()
    expect(await manager.getByRole('button', { name: 'Put in force' }).isDisabled()).toBe(true)
    await takePicture(manager, 'settings')
    await manager.getByRole('link', { name: 'De-identification record' }).click()
    await manager.getByRole('button', { name: 'Record a copy' }).click()
    await manager.getByRole('dialog').waitFor()
    await manager.keyboard.press('Escape')
    await expect.poll(() => manager.getByRole('dialog').count()).toBe(0)
    const reader = await signIn(browser, pandok, 'labeler-1', faults)
    await reader.goto(`${pandok.url}/settings`)
    await reader.getByText('Your roles do not allow this page').waitFor()
    await reader.goto(`${pandok.url}/record`)
    await reader.getByText('Your roles do not allow this page').waitFor()
    expect(faults).toEqual([])
  })

  const isEqual = (one: Uint8Array | undefined, other: Uint8Array | undefined) =>
    Buffer.compare(Buffer.from(one ?? []), Buffer.from(other ?? [])) === 0

  /** Pixels inside the boxes that are not all of one value, and outside that are not as they were. */
  function differences(
    original: Uint8Array | undefined,
    archived: Uint8Array,
    boxes: readonly PixelBox[],
    width: number,
    bytesPerPixel: 1 | 2,
  ): { inside: number; outside: number } {
    const read = (bytes: Uint8Array, at: number) =>
      bytesPerPixel === 1 ? bytes[at] : (bytes[at * 2] ?? 0) | ((bytes[at * 2 + 1] ?? 0) << 8)
    const pixels = archived.length / bytesPerPixel
    let [inside, outside] = [0, 0]
    let fill: number | undefined
    for (let at = 0; at < pixels; at++) {
      const now = read(archived, at)
      if (isInside(boxes, at % width, Math.floor(at / width))) {
        fill ??= now
        if (now !== fill) inside++
      } else if (now !== read(original ?? archived, at)) outside++
    }
    return { inside, outside }
  }
})
