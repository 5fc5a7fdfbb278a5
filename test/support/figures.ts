/** What a walk through Pandok leaves besides a verdict: figures on the terminal, pictures on demand. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'

/** Where pictures go; undefined takes none. */
export const picturesDirectory = process.env['PANDOK_PICTURES']

/** Prints one figure, such as `main job, LIDC: first image 812 ms`. */
export function printFigure(what: string, milliseconds: number): void {
  process.stdout.write(`${what} ${Math.round(milliseconds).toLocaleString('en')} ms\n`)
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Durations of the page's own performance measures of this name, in milliseconds. */
export async function measuresOf(page: Page, name: string): Promise<number[]> {
  return await page.evaluate(
    (wanted) => performance.getEntriesByName(wanted).map(({ duration }) => duration),
    name,
  )
}

/** The page as it is now, in English and in Korean; it is left in English. */
export async function takePicture(page: Page, name: string): Promise<void> {
  if (picturesDirectory === undefined) return
  await mkdir(picturesDirectory, { recursive: true })
  for (const [language, button] of [
    ['ko', '한국어'],
    ['en', 'English'],
  ] as const) {
    await page.getByRole('button', { name: button }).click()
    await page.mouse.move(0, 0)
    await page.waitForTimeout(300)
    await page.screenshot({ path: join(picturesDirectory, `${name}.${language}.png`) })
  }
}
