/**
 * An upload in a real browser that is paused, that outlives its tab, and a zip: the person drops the same
 * folder again, and only what is missing is de-identified and sent.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import yazl from 'yazl'
import { makePhantom } from '../phantom/index.ts'
import { dropFolder, hasBrowser, launchBrowser, signIn } from '../support/browser.ts'
import { takePicture } from '../support/figures.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import { PROJECT, until } from '../support/workflow.ts'

const ROOT = join(import.meta.dirname, '../..')
const isCi = process.env['CI'] === 'true'
const SLICES = 60

describe.skipIf(!hasBrowser && !isCi)('an upload that goes on', () => {
  let pandok: TestInstallation
  let browser: Browser
  let folder: string
  const faults: string[] = []

  beforeAll(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'pandok-resume-')), 'hospital')
    await mkdir(folder)
    for (const { name, bytes } of makePhantom({ seed: 21, size: 128, slices: SLICES }).files) {
      await writeFile(join(folder, name), bytes)
    }
    pandok = await startTestInstallation({ viewerDirectory: join(ROOT, 'viewer/dist') })
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await pandok.stop()
    await rm(join(folder, '..'), { recursive: true, force: true })
  })

  const uploads = async () =>
    (await pandok.as('data-manager').listUploads({ params: PROJECT })).items
  const dropZone = (page: Page) => page.getByRole('region', { name: 'Upload images' })
  const puts = (page: Page) => {
    const sent: string[] = []
    page.on('request', (request) => {
      const isFile = request.method() === 'PUT' && request.url().includes('/files/')
      if (isFile) sent.push(basename(new URL(request.url()).pathname))
    })
    return sent
  }

  test('a paused upload goes on after a closed tab; nothing is sent twice', async () => {
    const page = await signIn(browser, pandok, 'data-manager', faults)
    page.setDefaultTimeout(60_000)
    const first = puts(page)
    await page.goto(`${pandok.url}/upload`)
    await dropFolder(page, dropZone(page), folder)
    await until(
      () => Promise.resolve(first.length),
      (count) => count >= 5,
    )
    await page.getByRole('button', { name: 'Pause' }).press('Enter')
    await page.getByText('Paused.').waitFor()
    await takePicture(page, 'upload-paused')
    const paused = await until(
      async () => (await uploads())[0]?.files.received ?? 0,
      (count) => count === new Set(first).size,
    )
    expect(paused).toBeLessThan(SLICES)
    const kept = await page.evaluate(async () => {
      const database = await new Promise<IDBDatabase>((resolve) => {
        const request = indexedDB.open('pandok-uploads')
        request.onsuccess = () => {
          resolve(request.result)
        }
      })
      return await new Promise<string>((resolve) => {
        const request = database.transaction('entry').objectStore('entry').getAll()
        request.onsuccess = () => {
          resolve(JSON.stringify(request.result))
        }
      })
    })
    for (const word of ['slice-', 'hospital', '.dcm']) expect(kept).not.toContain(word)
    const context = page.context()
    await page.close({ runBeforeUnload: false })

    const again = await context.newPage()
    again.setDefaultTimeout(60_000)
    again.on('pageerror', (error) => faults.push(error.message))
    const second = puts(again)
    await again.goto(`${pandok.url}/upload`)
    await again.getByText(`${paused} of ${SLICES} files are received`).waitFor()
    await takePicture(again, 'upload-interrupted')
    await dropFolder(again, dropZone(again), folder)
    await again.getByRole('link', { name: 'See what was changed and approve' }).waitFor()
    await takePicture(again, 'upload-resumed')
    const [upload, ...others] = await uploads()
    expect(others).toEqual([])
    expect(upload?.files.received).toBe(SLICES)
    expect(second.filter((sha256) => first.includes(sha256))).toEqual([])
    expect(new Set([...first, ...second]).size).toBe(SLICES)
    process.stdout.write(
      `closed tab: ${paused} of ${SLICES} files received before, ${second.length} after, 0 sent twice\n`,
    )
    await again.close()
  }, 240_000)

  test('a zip is looked into, a hostile one is named, and an upload is given up', async () => {
    const page = await signIn(browser, pandok, 'data-manager', faults)
    page.setDefaultTimeout(60_000)
    const { files } = makePhantom({ seed: 22, size: 64, slices: 4 })
    const disc = join(folder, '..', 'disc')
    await mkdir(disc)
    const entries = files.map(({ name, bytes }) => ({ name: `CD/${name}`, bytes }))
    await writeFile(join(disc, 'good.zip'), await zipOf(entries))
    // Whoever makes zips refuses such a name: it is put in afterwards.
    const bad = await zipOf([{ name: 'xx/xx/out.dcm', bytes: Buffer.from('1') }])
    const text = bad.toString('latin1').replaceAll('xx/xx/', '../../')
    await writeFile(join(disc, 'bad.zip'), Buffer.from(text, 'latin1'))
    await page.goto(`${pandok.url}/upload`)
    await dropFolder(page, dropZone(page), disc)
    await page.getByRole('link', { name: 'See what was changed and approve' }).waitFor()
    await page.getByText('ZIP_PATH').waitFor()
    await takePicture(page, 'upload-zip')
    expect((await uploads())[0]?.files.received).toBe(4)

    const open = await pandok.as('data-manager').createUpload({ params: PROJECT, body: {} })
    await page.getByRole('button', { name: 'Upload more' }).click()
    await takePicture(page, 'upload-list')
    await page.getByRole('button', { name: 'Give up' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Give up' }).click()
    await page.getByText('given up').waitFor()
    const found = (await uploads()).find(({ id }) => id === open.id)
    expect(found?.status).toBe('discarded')
    expect(faults).toEqual([])
  }, 240_000)
})

async function zipOf(entries: readonly { name: string; bytes: Uint8Array }[]): Promise<Buffer> {
  const zip = new yazl.ZipFile()
  for (const { name, bytes } of entries) zip.addBuffer(Buffer.from(bytes), name)
  zip.end()
  const chunks: Buffer[] = []
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
