/**
 * The page of jobs in a real browser: a job that runs, with its progress, is ended by a person; one that
 * failed says why and what helps, is started again once the cause is mended, or given up; keys; who may
 * only look, and who may not even that.
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePhantom } from '../phantom/index.ts'
import { hasBrowser, launchBrowser, signIn } from '../support/browser.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import { judge, judgeIn } from '../support/page-judge.ts'
import { type StagedPeer, startStagedPeer } from '../support/staged-peer.ts'
import { cleanPhantom, PROJECT, sendFile } from '../support/workflow.ts'

const ROOT = join(import.meta.dirname, '../..')
const isCi = process.env['CI'] === 'true'
const FILES = 60
/** So many come; the next one the other server does not give. */
const PULLED = 40

describe.skipIf(!hasBrowser && !isCi)('jobs', () => {
  let pandok: TestInstallation
  let browser: Browser
  let page: Page
  let peer: StagedPeer
  let folder: string
  /** An upload whose job has failed, from one test to the next. */
  let lost: string
  const faults: string[] = []

  beforeAll(async () => {
    const { files } = makePhantom({ seed: 3, size: 64, slices: FILES })
    peer = await startStagedPeer(files.map(({ bytes }) => bytes))
    folder = await mkdtemp(join(tmpdir(), 'pandok-jobs-'))
    const peers = join(folder, 'peers.json')
    await writeFile(peers, JSON.stringify([{ key: 'staged', url: peer.url }]))
    pandok = await startTestInstallation({
      viewerDirectory: join(ROOT, 'viewer/dist'),
      env: { PEERS_FILE: peers },
    })
    browser = await launchBrowser()
    page = await signIn(browser, pandok, 'data-manager', faults)
    page.setDefaultTimeout(30_000)
  })

  afterAll(async () => {
    await browser.close()
    await pandok.stop()
    await peer.stop()
    await rm(folder, { recursive: true })
  })

  const client = () => pandok.as('data-manager')
  const items = (of: Page) => of.getByRole('list', { name: 'Jobs' }).getByRole('listitem')

  async function sendAll(seed: number, slices: number) {
    const { id } = await client().createUpload({ params: PROJECT, body: {} })
    const sha256s: string[] = []
    for (const bytes of await cleanPhantom(pandok, { seed, size: 64, slices })) {
      sha256s.push(await sendFile(pandok, id, bytes))
    }
    return { id, sha256s }
  }
  const complete = (id: string, sha256s: string[]) =>
    client().completeUpload({ params: { uploadId: id }, body: { sha256s } })
  const uploadOf = (uploadId: string) => client().getUpload({ params: { uploadId } })

  test('nothing to do: said so; counts of states stand beside the choice', async () => {
    await page.goto(`${pandok.url}/jobs`)
    await page.getByText('There was nothing to do yet').waitFor()
    await page.getByRole('button', { name: 'Failed 0' }).click()
    await page.getByText('Nothing has failed').waitFor()
    await judge(page, 'jobs-none')
  })

  test('a running job shows how far it is; a person ends it, and its upload says so', {
    timeout: 90_000,
  }, async () => {
    peer.trouble(PULLED, { kind: 'hold' })
    const { studyInstanceUid } = peer
    const { uploadId } = await client().importStudy({
      params: { ...PROJECT, peerKey: 'staged' },
      body: { studyInstanceUid },
    })
    await page.goto(`${pandok.url}/jobs`)
    const job = items(page).filter({ hasText: 'Import of a study' })
    await job.getByText('running').waitFor()
    // It comes by itself: nobody reloads.
    await job.getByText(`${PULLED} of ${FILES} files`).waitFor()
    const bar = job.getByRole('progressbar')
    expect(await bar.getAttribute('aria-valuenow')).toBe(`${Math.floor((100 * PULLED) / FILES)}`)
    await job.getByText(/B\/s · \d+ s left/).waitFor()
    await judge(page, 'jobs-running')

    await job.getByRole('button', { name: 'End' }).click()
    const dialog = page.getByRole('dialog', { name: 'End “Import of a study”' })
    await dialog.getByText('What was pulled of the study is removed.').waitFor()
    await judgeIn(page, 'jobs-ending', 'en')
    // Asked, and left alone.
    await dialog.getByRole('button', { name: 'Leave it' }).click()
    expect((await uploadOf(uploadId)).status).toBe('receiving')
    await job.getByRole('button', { name: 'Import of a study' }).focus()
    await page.keyboard.press('Delete')
    await dialog.waitFor()
    await dialog.getByRole('button', { name: 'End' }).press('Enter')
    await job.getByText('ended', { exact: true }).waitFor()
    expect(await job.getByRole('button', { name: 'End' }).count()).toBe(0)
    expect(await uploadOf(uploadId)).toMatchObject({
      status: 'failed',
      failureCode: 'JOB_CANCELLED',
    })
  })

  /** An upload whose check fails, as a file of it has gone from the store. */
  async function failedUpload(seed: number) {
    const { id, sha256s } = await sendAll(seed, 3)
    const [gone = ''] = sha256s
    const blob = join(pandok.data, 'blobs/quarantine', gone.slice(0, 2), gone)
    await rename(blob, `${blob}.aside`)
    await complete(id, sha256s)
    return { id, mend: () => rename(`${blob}.aside`, blob) }
  }

  test('a failed job says why and what helps; started again it ends well', {
    timeout: 180_000,
  }, async () => {
    const [first, second] = [await failedUpload(4), await failedUpload(5)]
    await page.goto(`${pandok.url}/jobs`)
    // Meanwhile it tries again by itself.
    await items(page)
      .getByText('Attempt 2. Before: A file is missing in the store')
      .first()
      .waitFor()
    await page.getByRole('button', { name: 'Failed 2' }).click({ timeout: 60_000 })
    expect(new URL(page.url()).search).toBe('?state=failed')
    await expect.poll(() => items(page).count()).toBe(2)
    const of = (id: string) =>
      items(page)
        .filter({ has: page.locator(`a[href="/uploads/${id}"]`) })
        .filter({ hasText: 'Check of the files' })
    const failed = of(first.id)
    await failed.getByText('A file is missing in the store BLOB_MISSING').waitFor()
    await failed
      .getByText('Tell the operator the number of the job. Then start it again.')
      .waitFor()

    // Keys alone: to the first job, open it.
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowDown')
    expect(
      await failed
        .getByRole('button', { name: 'Check of the files' })
        .evaluate((button) => button === document.activeElement),
    ).toBe(true)
    await page.keyboard.press('Enter')
    const attempts = failed.getByRole('table', { name: 'Attempts' })
    await attempts.waitFor()
    expect(await attempts.getByRole('row').count()).toBe(1 + 3)
    expect(await attempts.getByText('BLOB_MISSING').count()).toBe(3)
    await judge(page, 'jobs-failed')
    await page.goto(`${pandok.url}/jobs`)
    await of(first.id).waitFor()
    await judge(page, 'jobs-all')

    await first.mend()
    await of(first.id).getByRole('button', { name: 'Check of the files' }).focus()
    await page.keyboard.press('r')
    await page.getByText('It waits for its turn again').waitFor()
    await of(first.id).getByText('done').waitFor()
    expect(['checking', 'awaiting-qc']).toContain((await uploadOf(first.id)).status)
    lost = second.id
  })

  test('who audits may look and do nothing; who labels may not look', async () => {
    const auditor = await signIn(browser, pandok, 'auditor', faults)
    await auditor.getByRole('link', { name: 'Jobs' }).click()
    await auditor.getByText('BLOB_MISSING').first().waitFor()
    for (const name of ['Start again', 'Give up', 'End']) {
      expect(await auditor.getByRole('button', { name, exact: true }).count()).toBe(0)
    }
    await auditor.keyboard.press('ArrowDown')
    await auditor.keyboard.press('r')
    await auditor.keyboard.press('Delete')
    expect(await auditor.getByRole('dialog').count()).toBe(0)
    expect((await uploadOf(lost)).status).toBe('failed')

    const labeler = await signIn(browser, pandok, 'labeler-1', faults)
    expect(await labeler.getByRole('link', { name: 'Jobs' }).count()).toBe(0)
    await labeler.goto(`${pandok.url}/jobs`)
    await labeler.getByText('Your roles do not allow this page').waitFor()
    await judge(labeler, 'jobs-no-permission')
    for (const each of [auditor, labeler]) await each.context().close()
  })

  test('administrators see all projects and the installation, and give up what failed', async () => {
    const admin = pandok.as('admin')
    const key = `other-${randomUUID().slice(0, 8)}`
    await admin.createProject({
      params: {},
      body: { key, nameEn: key, nameKo: key, pseudonymFormat: { prefix: 'S', digits: 4 } },
    })
    const window = await signIn(browser, pandok, 'admin', faults)
    await window.goto(`${pandok.url}/jobs`)
    await window.getByRole('combobox', { name: 'Project' }).selectOption(key)
    await window.getByText('There was nothing to do yet').waitFor()
    await window.getByLabel('All projects').check()
    await items(window).getByText(PROJECT.projectKey).first().waitFor()
    await judge(window, 'jobs-installation')
    await window.getByRole('button', { name: 'Give up' }).click()
    await window.getByRole('dialog').getByRole('button', { name: 'Give up' }).click()
    await window.getByRole('button', { name: 'Failed 0' }).waitFor()
    await expect
      .poll(() => uploadOf(lost))
      .toMatchObject({ status: 'failed', failureCode: 'JOB_CANCELLED' })
    await window.context().close()
  })

  test('a server that does not answer: what is known stays, and from when it is', async () => {
    await page.goto(`${pandok.url}/jobs`)
    await items(page).first().waitFor()
    const count = await items(page).count()
    const problem = { type: 'about:blank', title: '', status: 503, code: 'DATABASE_UNAVAILABLE' }
    await page.route('**/api/projects/*/jobs**', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify(problem),
      }),
    )
    // Who comes back to the window is told what is so now, once what is shown is two seconds old.
    await page.waitForTimeout(2_100)
    await page.evaluate(() => window.dispatchEvent(new Event('visibilitychange')))
    await page.getByText('The server does not answer. This is how it was at').waitFor()
    expect(await items(page).count()).toBe(count)
    await page.goto(`${pandok.url}/jobs`)
    await page.getByText('DATABASE_UNAVAILABLE').waitFor()
    await judge(page, 'jobs-error')
    await page.unroute('**/api/projects/*/jobs**')
    await page.getByRole('button', { name: 'Try again' }).click()
    await items(page).first().waitFor()
    expect(faults).toEqual([])
  })
})
