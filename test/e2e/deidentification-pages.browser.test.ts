/**
 * The pages around de-identification as a person has them before them, in both languages and two sizes
 * of window: QC of a cine loop counts frames and not files, no Korean page speaks English, nothing is
 * wider than the window.
 */
import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { deidentify, joinChunks, loadProfile, openVault } from '@pandok/anonymizer'
import { dataSet, readDicom, value, writeDicom } from '@pandok/anonymizer/dicom'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasBrowser, launchBrowser, signIn } from '../support/browser.ts'
import { picturesDirectory } from '../support/figures.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import { letter, ultrasound } from './written-images.ts'

const ROOT = join(import.meta.dirname, '../..')
const isCi = process.env['CI'] === 'true'
const PROJECT = { projectKey: 'lung-prognosis' }
const FRAMES = 12
/** Counted from 1. */
const WRITTEN_FRAME = 5
const US = { width: 640, height: 480 }

describe.skipIf(!hasBrowser && !isCi)('pages of de-identification', () => {
  let pandok: TestInstallation
  let browser: Browser
  let page: Page
  let uploadId: string
  const faults: string[] = []

  beforeAll(async () => {
    pandok = await startTestInstallation({ viewerDirectory: join(ROOT, 'viewer/dist') })
    browser = await launchBrowser()
    page = await signIn(browser, pandok, 'data-manager', faults)
    page.setDefaultTimeout(60_000)
    uploadId = await uploadLoop()
  })

  afterAll(async () => {
    await browser.close()
    await pandok.stop()
  })

  /** A loop with writing in one frame, of which its sender said that nothing in it identifies. */
  async function uploadLoop(): Promise<string> {
    const client = pandok.as('data-manager')
    const words = [{ text: 'LIVER SAG 12 cm', left: 24, top: 20 }]
    const [none, written] = [await letter(page, US, [], 20), await letter(page, US, words, 20)]
    const images = Array.from({ length: FRAMES }, (_, at) =>
      ultrasound({
        seed: 5,
        instance: at + 1,
        lettering: at + 1 === WRITTEN_FRAME ? written : none,
      }),
    )
    const pixels = new Uint8Array(FRAMES * US.width * US.height)
    for (const [at, image] of images.entries()) pixels.set(image.pixels, at * US.width * US.height)
    const file = readDicom(images[0]?.bytes ?? new Uint8Array())
    const loop = writeDicom({
      transferSyntaxUid: file.transferSyntaxUid,
      dataSet: dataSet([
        ...file.dataSet.values(),
        value('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.3.1'),
        value('00280008', 'IS', FRAMES),
        value('7FE00010', 'OB', pixels),
      ]),
    })
    const key = await client.getDeidentificationKey({ params: PROJECT })
    const vault = openVault(Buffer.from(key.keyBase64, 'base64'), key.pseudonymFormat)
    const settings = { profile: loadProfile(key.profile), vault }
    const clean = joinChunks(deidentify(loop, settings, { regions: [] }).chunks)
    const { id } = await client.createUpload({ params: PROJECT, body: {} })
    const sha256 = createHash('sha256').update(clean).digest('hex')
    const body = new Blob([new Uint8Array(clean)])
    await client.putUploadFile({ params: { uploadId: id, sha256 }, body })
    await client.completeUpload({ params: { uploadId: id }, body: { sha256s: [sha256] } })
    return id
  }

  const WINDOWS = [
    { width: 1440, height: 900 },
    { width: 1024, height: 768 },
  ] as const
  const LANGUAGES = [
    ['ko', '한국어'],
    ['en', 'English'],
  ] as const

  /** In each language and window: a picture on demand, nothing beyond the edge, Korean in Korean. */
  async function judge(of: Page, name: string): Promise<void> {
    for (const [language, button] of LANGUAGES) {
      await of.getByRole('button', { name: button }).click()
      for (const size of WINDOWS) {
        await of.setViewportSize(size)
        await of.waitForTimeout(200)
        if (picturesDirectory !== undefined) {
          await mkdir(picturesDirectory, { recursive: true })
          const path = join(picturesDirectory, `${name}.${language}.${size.width}.png`)
          await of.screenshot({ path })
        }
        expect([name, language, size.width, await tooWide(of)]).toEqual([
          name,
          language,
          size.width,
          [],
        ])
      }
      if (language === 'ko') expect([name, await englishOn(of)]).toEqual([name, []])
    }
  }

  /** What goes beyond the page without a bar to reach it by. */
  const tooWide = (of: Page) =>
    of.evaluate(() =>
      [...document.querySelectorAll('.content, .content *, dialog[open] *')]
        .filter((element) => {
          const isReachable = ['auto', 'scroll'].includes(getComputedStyle(element).overflowX)
          return (
            element.closest('.table-wrap, svg, textarea') === null &&
            (element.getBoundingClientRect().right > innerWidth + 1 ||
              (element.matches('.content, .page, .panel, .notice, dialog') &&
                element.scrollWidth > element.clientWidth + 1 &&
                !isReachable) ||
              (element.matches('.content') && element.scrollWidth > element.clientWidth + 1))
          )
        })
        .map((element) => `${element.tagName} ${element.className} ${element.textContent}`),
    )

  /** Three English words in a row, anywhere a person reads; texts of files and codes are as they are. */
  const englishOn = (of: Page) =>
    of.evaluate(() => {
      const isSentence = (text: string) => /[A-Za-z]{2,},? [A-Za-z]{2,},? [A-Za-z]{2,}/.test(text)
      const found: string[] = []
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
        const isSource = node.parentElement?.closest('code, textarea, script, style, kbd') !== null
        if (!isSource && isSentence(node.textContent ?? '')) found.push(node.textContent ?? '')
      }
      for (const element of document.querySelectorAll('[title], [aria-label], [placeholder]')) {
        for (const name of ['title', 'aria-label', 'placeholder']) {
          const text = element.getAttribute(name) ?? ''
          if (isSentence(text)) found.push(text)
        }
      }
      return found
    })

  test('QC: a loop has been seen when the frames that matter were on the screen', {
    timeout: 240_000,
  }, async () => {
    await page.goto(`${pandok.url}/uploads/${uploadId}`)
    const series = page.getByRole('figure')
    await series.waitFor({ timeout: 120_000 })
    await series.locator('canvas[data-drawn=true]').waitFor()
    await series.getByText(`${FRAMES} frames in 1 file`).waitFor()
    const looked = series.getByRole('button', { name: 'I have looked at it' })
    const clear = series.getByRole('button', { name: 'Nothing identifying' })
    const approve = page.getByRole('button', { name: 'Approve' })
    // It begins where the text is, and that frame is not the loop.
    await series.getByText(`${WRITTEN_FRAME} / ${FRAMES}`, { exact: true }).waitFor()
    await series.getByText('Seen: 1 of 4 to be seen').waitFor()
    expect(await looked.isDisabled()).toBe(true)
    expect(await clear.isDisabled()).toBe(true)
    await judge(page, 'qc-loop')
    for (const [frame, done] of [
      [7, 2],
      [12, 3],
    ]) {
      await series.getByRole('button', { name: 'Next unseen' }).click()
      await series.getByText(`${frame} / ${FRAMES}`, { exact: true }).waitFor()
      await series.getByText(`Seen: ${done} of 4 to be seen`).waitFor()
      expect(await looked.isDisabled()).toBe(true)
    }
    await series.getByRole('button', { name: 'Next unseen' }).click()
    await expect.poll(() => looked.isEnabled()).toBe(true)
    await looked.click()
    await series.getByText(/^Looked at by/).waitFor()
    expect(await approve.isDisabled()).toBe(true)
    await clear.click()
    await expect.poll(() => approve.isEnabled()).toBe(true)
    await judge(page, 'qc-seen')
    expect(faults).toEqual([])
  })
})
