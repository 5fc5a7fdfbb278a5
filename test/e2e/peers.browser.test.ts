/**
 * A data manager pulls studies from Orthanc in a real browser: looks for a patient there, chooses, sees
 * them come, goes on to QC. The name of a patient is on the page of the search and nowhere after.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePhantom } from '../phantom/index.ts'
import { hasBrowser, launchBrowser, signIn } from '../support/browser.ts'
import { freePorts } from '../support/free-port.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import { isOrthancThere, type Orthanc, startOrthanc } from '../support/orthanc.ts'
import { judge } from '../support/page-judge.ts'
import { PROJECT } from '../support/workflow.ts'

const ROOT = join(import.meta.dirname, '../..')
const isCi = process.env['CI'] === 'true'
const SLICES = 12
const STUDIES = [
  { seed: 31, patientId: 'CANARY-31', patientName: 'HONG^GILDONG' },
  { seed: 32, patientId: 'CANARY-32', patientName: 'KIM^YUSIN' },
]

describe.skipIf((!hasBrowser || !isOrthancThere) && !isCi)('pulling from a peer', () => {
  let pandok: TestInstallation
  let browser: Browser
  let page: Page
  let orthanc: Orthanc
  let folder: string
  const faults: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pandok-peers-'))
    const port = await freePorts(1)
    const peers = join(folder, 'peers.json')
    await writeFile(
      peers,
      JSON.stringify([{ key: 'pacs', url: `http://127.0.0.1:${port}/dicom-web` }]),
    )
    orthanc = await startOrthanc(join(folder, 'orthanc'), { HttpPort: port })
    for (const study of STUDIES) {
      const { files } = makePhantom({ ...study, size: 64, slices: SLICES })
      await orthanc.take(files.map(({ bytes }) => bytes))
    }
    pandok = await startTestInstallation({
      viewerDirectory: join(ROOT, 'viewer/dist'),
      env: { PEERS_FILE: peers },
    })
    browser = await launchBrowser()
    page = await signIn(browser, pandok, 'data-manager', faults)
    page.setDefaultTimeout(60_000)
  })

  afterAll(async () => {
    await browser.close()
    await pandok.stop()
    await orthanc.stop()
    await rm(folder, { recursive: true })
  })

  const found = () => page.getByRole('table', { name: 'Studies found' })
  const imports = () => page.getByRole('table', { name: 'Imports' })

  test('a search by patient, and none that fits', async () => {
    await page.goto(`${pandok.url}/upload`)
    await page.getByRole('link', { name: 'Pull from another server' }).click()
    await page.getByLabel('Patient ID').fill('NOBODY')
    await page.keyboard.press('Enter')
    await page.getByText('Nothing fits').waitFor()
    await page.getByLabel('Patient ID').fill('CANARY-31')
    await page.keyboard.press('Enter')
    await found().getByText('HONG GILDONG').waitFor()
    expect(await found().getByRole('row').count()).toBe(1 + 1)
    // What was looked for names a patient: it is in no address.
    expect(page.url()).toBe(`${pandok.url}/upload/peers`)
  })

  test('chosen by key, pulled, seen to come; then it waits for QC', {
    timeout: 120_000,
  }, async () => {
    await page.getByLabel('Patient ID').fill('')
    await page.getByRole('button', { name: 'Search' }).click()
    await found().getByText('KIM YUSIN').waitFor()
    expect(await page.getByRole('button', { name: 'Pull', exact: true }).isDisabled()).toBe(true)
    for (const { patientId } of STUDIES) {
      await page.getByRole('checkbox', { name: `Choose ${patientId}` }).focus()
      await page.keyboard.press('Space')
    }
    await judge(page, 'peers-found')
    await page.getByRole('button', { name: 'Pull 2 studies' }).press('Enter')
    await expect.poll(() => found().getByRole('link', { name: 'Asked for' }).count()).toBe(2)
    await judge(page, 'peers-pulling')
    const waiting = imports().getByText('waiting for QC')
    await expect.poll(() => waiting.count(), { timeout: 90_000, interval: 300 }).toBe(2)
    expect(
      await imports()
        .getByRole('cell', { name: String(SLICES), exact: true })
        .count(),
    ).toBe(2)
    await judge(page, 'peers-pulled')
    const { items } = await pandok.as('data-manager').listUploads({ params: PROJECT })
    expect(items.map(({ source, sender, files }) => [source, sender, files.received])).toEqual([
      ['peer', 'pacs', SLICES],
      ['peer', 'pacs', SLICES],
    ])
  })

  test('left and come back to: nobody is named any more', async () => {
    await imports().getByRole('link').first().click()
    await page.getByRole('heading', { name: 'QC of the de-identification' }).waitFor()
    await page.goBack()
    await imports().waitFor()
    const body = page.locator('body')
    expect(await body.innerText()).not.toMatch(/HONG|YUSIN|CANARY/)
  })

  test('a server that is away, none configured, and who may not', async () => {
    await orthanc.stop()
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByText('The other server did not give what was asked for').waitFor()
    await page.getByText('PEER_FAILED').waitFor()
    await judge(page, 'peers-away')
    const labeler = await signIn(browser, pandok, 'labeler-1', faults)
    await labeler.goto(`${pandok.url}/upload/peers`)
    await labeler.getByText('Your roles do not allow this page').waitFor()
    await page.route('**/api/projects/*/peers', (route) => route.fulfill({ json: { items: [] } }))
    await page.goto(`${pandok.url}/upload/peers`)
    await page.getByText('No other server is configured').waitFor()
    await judge(page, 'peers-none')
    expect(faults).toEqual([])
  })
})
