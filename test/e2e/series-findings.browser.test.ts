/**
 * A series with a slice missing, as people meet it: after archiving on the QC page, on the page of the case,
 * and where it was to be read. In both languages; nothing is shown as a volume that is none.
 */
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasBrowser, launchBrowser, signIn } from '../support/browser.ts'
import { takePicture } from '../support/figures.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import { approveUpload, cleanPhantom, PROJECT, sendFile, until } from '../support/workflow.ts'

const ROOT = join(import.meta.dirname, '../..')
const isCi = process.env['CI'] === 'true'
/** Of 16 slices 2 mm apart. */
const LOST = 6

describe.skipIf(!hasBrowser && !isCi)('findings of a series', () => {
  let pandok: TestInstallation
  let browser: Browser
  let manager: Page
  let uploadId: string
  let caseId: string
  const faults: string[] = []

  beforeAll(async () => {
    pandok = await startTestInstallation({ viewerDirectory: join(ROOT, 'viewer/dist') })
    browser = await launchBrowser()
    manager = await signIn(browser, pandok, 'data-manager', faults)
    const client = pandok.as('data-manager')
    uploadId = (await client.createUpload({ params: PROJECT, body: {} })).id
    const files = await cleanPhantom(pandok, { seed: 3, size: 64, slices: 16 })
    const sha256s: string[] = []
    for (const clean of files.filter((_, at) => at !== LOST)) {
      sha256s.push(await sendFile(pandok, uploadId, clean))
    }
    const params = { uploadId }
    await client.completeUpload({ params, body: { sha256s } })
    await until(
      () => client.getUpload({ params }),
      ({ status }) => status === 'awaiting-qc',
    )
    await approveUpload(pandok, uploadId)
    caseId = (await client.listCases({ params: PROJECT })).items[0]?.id ?? ''
  })

  afterAll(async () => {
    await browser.close()
    await pandok.stop()
  })

  test('the API names it with its numbers, for the upload and for the case', async () => {
    const client = pandok.as('data-manager')
    const { items } = await client.listUploadArchivedSeries({ params: { uploadId } })
    expect(items).toMatchObject([{ instances: 15, slices: 15, sliceSpacingMm: 2, isVolume: false }])
    expect(items[0]?.findings[0]).toEqual({
      code: 'GAP',
      severity: 'blocks-volume',
      gaps: 1,
      count: 1,
      afterMm: 10,
      largestMm: 4,
      expectedMm: 2,
    })
    expect((await client.listCaseSeries({ params: { caseId } })).items).toEqual(items)
    await expect(
      pandok.as('labeler-1').listUploadArchivedSeries({ params: { uploadId } }),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  async function expectFinding(page: Page, name: string): Promise<void> {
    for (const [button, badge, words] of [
      ['한국어', '볼륨 불가', /빠진 슬라이스 1장: 처음에서 10 mm/],
      ['English', 'No volume', /Slices missing: 1, first 10 mm from the start/],
    ] as const) {
      await page.getByRole('button', { name: button }).click()
      const summary = page.locator('summary', { hasText: badge })
      await summary.focus()
      const list = page.getByRole('listitem').filter({ hasText: words })
      expect(await list.isVisible()).toBe(false)
      await page.keyboard.press('Enter')
      await list.waitFor()
      if (button === 'English') await takePicture(page, name)
      await page.keyboard.press('Enter')
    }
  }

  test('QC page of the archived upload', async () => {
    await manager.goto(`${pandok.url}/uploads/${uploadId}`)
    await expectFinding(manager, 'qc-findings')
  })

  test('page of the case', async () => {
    await manager.goto(`${pandok.url}/cases/${caseId}`)
    await expectFinding(manager, 'case-findings')
  })

  test('who was to read it is told why it cannot be shown', async () => {
    const { task } = await pandok
      .as('labeler-1')
      .takeNextTask({ params: PROJECT, body: { kind: 'annotate' } })
    const reader = await signIn(browser, pandok, 'labeler-1', faults)
    await reader.goto(`${pandok.url}/tasks/${task?.id ?? ''}`)
    await reader.getByText('This series cannot be shown as a volume').waitFor()
    expect(await reader.locator('canvas').count()).toBe(0)
    await expectFinding(reader, 'reading-findings')
  })

  test('no page failed', () => {
    expect(faults).toEqual([])
  })
})
