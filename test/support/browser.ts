/** Headless Chromium for end-to-end tests: software WebGL, nothing but loopback. */
import { existsSync } from 'node:fs'
import { type Browser, chromium, type Locator, type Page } from 'playwright-core'
import type { TestInstallation } from './installation.ts'

const CHROMIUM = '/usr/bin/chromium'

export const hasBrowser = existsSync(CHROMIUM)

export async function launchBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--enable-unsafe-swiftshader',
      '--use-angle=swiftshader',
    ],
  })
}

/** A window of their own, signed in through the sign-in page. Page faults end up in `faults`. */
export async function signIn(
  browser: Browser,
  pandok: TestInstallation,
  username: string,
  faults: string[],
): Promise<Page> {
  const context = await browser.newContext({
    locale: 'en-US',
    viewport: { width: 1400, height: 900 },
  })
  const page = await context.newPage()
  page.on('pageerror', (error) => faults.push(`${username}: ${error.message}`))
  await page.goto(pandok.url)
  await page.getByLabel('User name').fill(username)
  await page.getByLabel('Password').fill(pandok.passwordOf(username))
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation').waitFor()
  return page
}

/** Drags a folder of this machine onto `target` and lets it go, as from a file manager. */
export async function dropFolder(page: Page, target: Locator, folder: string): Promise<void> {
  const box = await target.boundingBox()
  if (box === null) throw new Error('the place to drop on is not on the page')
  const devtools = await page.context().newCDPSession(page)
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  const data = { items: [], files: [folder], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await devtools.send('Input.dispatchDragEvent', { type, x, y, data })
  }
  await devtools.detach()
}
