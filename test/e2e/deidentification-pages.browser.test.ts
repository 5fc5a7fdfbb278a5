/**
 * The pages around de-identification as a person has them before them, in both languages and two sizes
 * of window: QC of a cine loop counts frames and not files, no Korean page speaks English, nothing is
 * wider than the window.
 */
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deidentify, joinChunks, loadProfile, openVault } from '@pandok/anonymizer'
import { dataSet, readDicom, value, writeDicom } from '@pandok/anonymizer/dicom'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePhantom } from '../phantom/index.ts'
import { hasBrowser, launchBrowser, signIn } from '../support/browser.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import { judge, judgeIn } from '../support/page-judge.ts'
import { approveUpload, cleanPhantom, PROJECT, sendFile, until } from '../support/workflow.ts'
import { letter, ultrasound } from './written-images.ts'

const ROOT = join(import.meta.dirname, '../..')
const isCi = process.env['CI'] === 'true'
const FRAMES = 12
/** Counted from 1. */
const WRITTEN_FRAME = 5
const US = { width: 640, height: 480 }

describe.skipIf(!hasBrowser && !isCi)('pages of de-identification', () => {
  let pandok: TestInstallation
  let browser: Browser
  let page: Page
  let uploadId: string
  let folder: string
  const faults: string[] = []

  beforeAll(async () => {
    pandok = await startTestInstallation({ viewerDirectory: join(ROOT, 'viewer/dist') })
    browser = await launchBrowser()
    page = await signIn(browser, pandok, 'data-manager', faults)
    page.setDefaultTimeout(60_000)
    uploadId = await uploadLoop()
    folder = await mkdtemp(join(tmpdir(), 'pandok-pages-'))
  })

  afterAll(async () => {
    await browser.close()
    await pandok.stop()
    await rm(folder, { recursive: true, force: true })
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

  test('upload and the review of pixels', { timeout: 300_000 }, async () => {
    await page.goto(`${pandok.url}/upload`)
    await page.getByRole('table', { name: 'Uploads' }).waitFor()
    await judge(page, 'upload')
    const written = await letter(page, US, [{ text: 'HONG GILDONG 1958', left: 24, top: 10 }], 20)
    for (const [at, bytes] of [
      ultrasound({ seed: 6, instance: 1, lettering: written }).bytes,
      ultrasound({ seed: 6, instance: 2, lettering: written }).bytes,
      ...makePhantom({ seed: 7, size: 64, slices: 3 }).files.map((file) => file.bytes),
      Buffer.from('no image'),
    ].entries()) {
      await writeFile(join(folder, `${at}.dcm`), bytes)
    }
    await page.getByTestId('upload-input').setInputFiles(folder)
    const review = page.getByRole('region', { name: 'Look at the pixels' })
    await review.locator('.review-stage[data-drawn=true]').waitFor({ timeout: 120_000 })
    await judge(page, 'pixel-review')
    await page.keyboard.press('s')
    await review.locator('.review-sheet li').first().waitFor()
    await judge(page, 'pixel-review-sheet')
    await page.keyboard.press('s')
    await review.getByRole('button', { name: /^Blank \d/ }).click()
    await page.getByRole('link', { name: 'See what was changed' }).waitFor()
    await judge(page, 'upload-done')
    await page.getByRole('link', { name: 'See what was changed' }).click()
    await page.locator('canvas[data-drawn=true]').first().waitFor({ timeout: 120_000 })
    const changed = page.getByRole('table', { name: 'What was changed' })
    // In words, the code small beside them.
    await changed.getByRole('cell', { name: 'removed X', exact: true }).first().waitFor()
    await changed.getByRole('cell', { name: 'blanked in the pixels C-pixels' }).waitFor()
    await judge(page, 'qc')
    await changed.scrollIntoViewIfNeeded()
    await judge(page, 'qc-changed')
    expect(faults).toEqual([])
  })

  test('files that contradict archived ones: a person decides before anything is approved', {
    timeout: 240_000,
  }, async () => {
    const client = pandok.as('data-manager')
    const files = await cleanPhantom(pandok, { seed: 8, size: 64, slices: 3 })
    const send = async (bytes: readonly Uint8Array[]) => {
      const { id } = await client.createUpload({ params: PROJECT, body: {} })
      const sha256s: string[] = []
      for (const each of bytes) sha256s.push(await sendFile(pandok, id, each))
      await client.completeUpload({ params: { uploadId: id }, body: { sha256s } })
      await until(
        () => client.getUpload({ params: { uploadId: id } }),
        ({ status }) => status === 'awaiting-qc',
      )
      return { uploadId: id, sha256s }
    }
    const archived = await send(files)
    await approveUpload(pandok, archived.uploadId)
    // The same SOP Instance UIDs; one voxel of two of them is another.
    const changed = files.map((bytes, at) => {
      const copy = new Uint8Array(bytes)
      if (at > 0) copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1
      return copy
    })
    const { uploadId, sha256s } = await send(changed)
    await page.goto(`${pandok.url}/uploads/${uploadId}`)
    const conflicts = page.getByRole('table', { name: 'Conflicts with archived images' })
    for (const at of [1, 2]) {
      const row = conflicts.getByRole('row').filter({ hasText: sha256s[at]?.slice(0, 12) ?? '' })
      await row.getByText(archived.sha256s[at]?.slice(0, 12) ?? '').waitFor()
    }
    await page.getByText('2 files contradict archived ones.').waitFor()
    const approve = page.getByRole('button', { name: 'Approve' })
    expect(await approve.isDisabled()).toBe(true)
    await judge(page, 'qc-conflicts')

    await page.getByRole('button', { name: 'Keep the archived ones' }).press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Keep the archived ones' })
    const keep = dialog.getByRole('button', { name: 'Keep the archived ones' })
    // Not without a reason.
    expect(await keep.isDisabled()).toBe(true)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Keep the archived ones' }).press('Enter')
    await dialog.getByRole('radio', { name: 'Sent by mistake' }).focus()
    await page.keyboard.press('Space')
    await judgeIn(page, 'qc-conflicts-dialog', 'en')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'hidden' })
    await conflicts.waitFor({ state: 'hidden' })
    const { conflicts: left, files: counts } = await client.getUpload({ params: { uploadId } })
    expect([left, counts.refused]).toEqual([[], 2])
    await judge(page, 'qc-conflicts-decided')
    expect(faults).toEqual([])
  })

  test('the record', { timeout: 180_000 }, async () => {
    const manager = await signIn(browser, pandok, 'manager', faults)
    await manager.goto(`${pandok.url}/record`)
    const none = manager.getByText(/^No copy is out/)
    await none.waitFor()
    // One line, not a page of nothing.
    expect(
      (await none.locator('xpath=ancestor::*[contains(@class,"state")]').boundingBox())?.height,
    ).toBeLessThan(60)
    await manager.getByRole('button', { name: 'Verify the chain' }).click()
    await manager.getByText(/^The chain holds/).waitFor()
    await judge(manager, 'record')
    await manager.getByRole('button', { name: '한국어' }).click()
    await manager.getByRole('button', { name: '사본 기록' }).click()
    await judgeIn(manager, 'record-dialog', 'ko')
    for (const [label, text] of [
      ['받은 곳', '대한대학교병원 영상의학과'],
      ['보관 장소', '연구동 3층 서버실'],
      ['제공 내용', '릴리스 1, 영상만'],
    ] as const) {
      await manager.getByRole('dialog').getByLabel(label).fill(text)
    }
    await manager.getByRole('dialog').getByRole('button', { name: '기록', exact: true }).click()
    await manager.getByRole('table', { name: '사본' }).getByText('대한대학교병원').waitFor()
    await judge(manager, 'record-copy')
    await manager.context().close()
    expect(faults).toEqual([])
  })

  test('the settings; faults of a profile are said in the reader’s language', {
    timeout: 180_000,
  }, async () => {
    const manager = await signIn(browser, pandok, 'manager', faults)
    await manager.goto(`${pandok.url}/settings`)
    const text = manager.getByRole('textbox').first()
    await text.waitFor()
    await judge(manager, 'settings')
    const head = 'name: t\nversion: 1\noptions: []\n'
    for (const [language, wrong, said] of [
      ['한국어', 'faces: blur\n', '4행: faces: 가능한 값은 refuse, deface, keep입니다'],
      ['한국어', 'overrides: [\n', '5행: YAML이나 JSON으로 읽을 수 없습니다'],
      ['한국어', 'sopClasses: [1.2.3]\n', '4행: sopClasses.0: 표준의 저장 SOP 클래스가 아닙니다'],
      ['English', 'faces: blur\n', 'Line 4: faces can be refuse, deface, keep'],
      ['English', 'overrides: [\n', 'Line 5: this cannot be read as YAML or JSON'],
      [
        'English',
        'sopClasses: [1.2.3]\n',
        'Line 4: sopClasses.0: no storage SOP class of the standard',
      ],
    ] as const) {
      await manager.getByRole('button', { name: language }).click()
      await text.fill(head + wrong)
      await expect.poll(() => manager.locator('.issue').textContent()).toBe(said)
    }
    await judge(manager, 'settings-fault')
    await manager.locator('.content').evaluate((content) => content.scrollTo(0, 1e6))
    await judge(manager, 'settings-key')
    await manager.getByRole('button', { name: 'New key' }).click()
    await judgeIn(manager, 'settings-dialog', 'en')
    await manager.keyboard.press('Escape')
    expect(await unmarked(manager)).toEqual([])
    await manager.context().close()
    expect(faults).toEqual([])
  })

  /** Goes round the page by Tab: what has the keyboard and does not show it. */
  async function unmarked(of: Page): Promise<string[]> {
    const found: string[] = []
    await of.locator('.mark').focus()
    for (let steps = 0; steps < 40; steps++) {
      await of.keyboard.press('Tab')
      const name = await of.evaluate(() => {
        const element = document.activeElement
        if (element === null || element === document.body) return undefined
        const shown = [element, ...['.lined-text', '.check'].map((each) => element.closest(each))]
        const isMarked = shown.some(
          (each) => each !== null && getComputedStyle(each).outlineStyle !== 'none',
        )
        return isMarked ? undefined : `${element.tagName} ${element.className}`
      })
      if (name !== undefined) found.push(name)
    }
    return found
  }

  test('who may not, and what fails, is told', { timeout: 120_000 }, async () => {
    const reader = await signIn(browser, pandok, 'labeler-1', faults)
    for (const path of ['settings', 'record', `uploads/${uploadId}`]) {
      await reader.goto(`${pandok.url}/${path}`)
      await reader.getByText('Your roles do not allow this page').waitFor()
      await judge(reader, `no-permission-${path.split('/')[0] ?? ''}`)
    }
    await page.route('**/api/projects/*/ledger**', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({
          type: 'about:blank',
          title: 'The database does not answer; try again',
          status: 503,
          code: 'DATABASE_UNAVAILABLE',
        }),
      }),
    )
    await page.goto(`${pandok.url}/record`)
    await page.getByText('DATABASE_UNAVAILABLE').first().waitFor()
    await judge(page, 'record-error')
  })
})
