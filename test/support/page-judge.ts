/**
 * Looks at a page as a person has it, in both languages and two sizes of window: nothing is wider than
 * the window, no Korean page speaks English; pictures of it on demand.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { picturesDirectory } from './figures.ts'

const WINDOWS = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
] as const
const LANGUAGES = [
  ['ko', '한국어'],
  ['en', 'English'],
] as const

/** In each language and window: a picture on demand, nothing beyond the edge, Korean in Korean. */
export async function judge(of: Page, name: string): Promise<void> {
  for (const [language, button] of LANGUAGES) {
    await of.getByRole('button', { name: button }).click()
    await judgeIn(of, name, language)
  }
  await of.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
  })
}

export async function judgeIn(of: Page, name: string, language: 'ko' | 'en'): Promise<void> {
  for (const size of WINDOWS) {
    await of.setViewportSize(size)
    await laidOut(of)
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

/** Two frames later: what listens for the size of the window has had its turn. */
const laidOut = (of: Page) =>
  of.evaluate(
    () =>
      new Promise((done) => {
        requestAnimationFrame(() => requestAnimationFrame(done))
      }),
  )

/** What goes beyond the page without a bar to reach it by, and pictures of which a part is hidden. */
const tooWide = (of: Page) =>
  of.evaluate(() =>
    [...document.querySelectorAll('.nav, .content, .content *, dialog[open] *')]
      .filter((element) => {
        const isReachable = ['auto', 'scroll'].includes(getComputedStyle(element).overflowX)
        return (
          element.closest('.table-wrap, svg, textarea') === null &&
          (element.getBoundingClientRect().right > innerWidth + 1 ||
            (element.matches('.review-frame') && element.scrollHeight > element.clientHeight + 1) ||
            (element.matches('.content, .page, .panel, .notice, dialog') &&
              element.scrollWidth > element.clientWidth + 1 &&
              !isReachable) ||
            (element.matches('.content, .nav') && element.scrollWidth > element.clientWidth + 1))
        )
      })
      .map((element) => `${element.tagName} ${element.className} ${element.textContent}`),
  )

/** Three English words in a row, anywhere a person reads; texts of files and codes are as they are. */
const englishOn = (of: Page) =>
  of.evaluate(() => {
    // The standard's words stay as they are.
    const isSentence = (text: string) =>
      /[A-Za-z]{2,},? [A-Za-z]{2,},? [A-Za-z]{2,}/.test(text.replaceAll('SOP Instance UID', ''))
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
