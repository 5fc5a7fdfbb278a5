/**
 * The text detector of the built page against the one of the command line: the same network in
 * WebAssembly and in the machine's own code sees the same boxes, within two pixels. The worker runs
 * under the page's own content security policy.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readDicom } from '@pandok/anonymizer/dicom'
import { loadTextNetwork } from '@pandok/anonymizer/node'
import { loadFrameCodecs } from '@pandok/anonymizer/node/frame-codecs'
import { createTextDetector, grayImages, type TextBox } from '@pandok/anonymizer/pixels'
import type { Browser, JSHandle, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePhantom } from '../phantom/index.ts'
import { hasBrowser, launchBrowser, signIn } from '../support/browser.ts'
import { printFigure } from '../support/figures.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import { letter, ultrasound, writtenCt } from './written-images.ts'

const DIST = join(import.meta.dirname, '../../viewer/dist')
const isCi = process.env['CI'] === 'true'
const CT = { width: 256, height: 256 }
const TOLERANCE_PX = 2

describe.skipIf(!hasBrowser && !isCi)('the text detector in the browser', () => {
  let pandok: TestInstallation
  let browser: Browser
  let page: Page
  let worker: JSHandle<Worker>
  let detector: ReturnType<typeof createTextDetector>
  let codecs: Awaited<ReturnType<typeof loadFrameCodecs>>
  const faults: string[] = []

  beforeAll(async () => {
    pandok = await startTestInstallation({ viewerDirectory: DIST })
    browser = await launchBrowser()
    page = await signIn(browser, pandok, 'data-manager', faults)
    const assets = await readdir(join(DIST, 'assets'))
    const script = assets.find((name) => name.startsWith('looking-worker-')) ?? ''
    // As the page does: nothing comes first, then files.
    worker = await page.evaluateHandle((url) => {
      const started = new Worker(url, { type: 'module' })
      started.postMessage(undefined)
      return started
    }, `/assets/${script}`)
    detector = createTextDetector(await loadTextNetwork())
    codecs = await loadFrameCodecs()
  })

  afterAll(async () => {
    await browser.close()
    await pandok.stop()
  })

  const latin = { text: 'HONG GILDONG  M 1958-02-17', left: 24, top: 10 }
  const korean = { text: '홍길동 대한병원 2024-03-05', left: 24, top: 40 }
  const frames: readonly (readonly [string, boolean, () => Promise<Uint8Array | undefined>])[] = [
    ['an ultrasound with names in two scripts', true, () => us(640, 480, [latin, korean], 18)],
    ['small letters', true, () => us(640, 480, [latin], 11)],
    ['large letters at the lower edge', true, () => us(800, 600, [{ ...korean, top: 550 }], 36)],
    ['sides that are no multiple of 32', true, () => us(501, 333, [latin, korean], 16)],
    ['a CT with a name', true, () => ct(true)],
    ['a CT without', false, () => ct(false)],
  ]

  test.each(frames)('%s', async (name, hasText, make) => {
    const bytes = (await make()) ?? new Uint8Array()
    const { dataSet, transferSyntaxUid } = readDicom(bytes)
    const inNode = await detector.detect(grayImages(dataSet, transferSyntaxUid, 1, codecs))
    const started = performance.now()
    const inBrowser = await look(bytes)
    printFigure(
      `text detector in the browser, ${name}: ${inBrowser.length} boxes`,
      performance.now() - started,
    )
    if (hasText) expect(inNode.length).toBeGreaterThan(0)
    expect(inBrowser).toHaveLength(inNode.length)
    for (const [at, box] of inNode.entries()) {
      for (const side of ['left', 'top', 'width', 'height'] as const) {
        expect(Math.abs((inBrowser[at]?.[side] ?? Number.NaN) - box[side])).toBeLessThanOrEqual(
          TOLERANCE_PX,
        )
      }
    }
    expect(faults).toEqual([])
  })

  async function us(
    width: number,
    height: number,
    texts: readonly (typeof latin)[],
    fontPx: number,
  ): Promise<Uint8Array> {
    const lettering = await letter(page, { width, height }, texts, fontPx)
    return ultrasound({ seed: 51, instance: 1, lettering }).bytes
  }

  async function ct(isWritten: boolean): Promise<Uint8Array | undefined> {
    const phantom = { seed: 52, size: CT.width, slices: 3 }
    if (!isWritten) return makePhantom(phantom).files[1]?.bytes
    const name = [{ text: 'KIM CHULSOO 1958', left: 8, top: 8 }]
    const lettering = await letter(page, CT, name, 16)
    return writtenCt({ ...phantom, written: 1, lettering })[1]?.bytes
  }

  async function look(bytes: Uint8Array): Promise<readonly TextBox[]> {
    const answer = await page.evaluate(
      async ({ asked, base64 }) => {
        const file = new Blob([Uint8Array.from(atob(base64), (each) => each.charCodeAt(0))])
        const answered = new Promise<MessageEvent['data']>((resolve, reject) => {
          asked.onmessage = ({ data }) => resolve(data)
          asked.onerror = ({ message }) => reject(new Error(`the worker broke: ${message}`))
        })
        asked.postMessage(undefined)
        asked.postMessage({ kind: 'look', file, frames: [1] })
        const data: unknown = await answered
        return JSON.stringify(data)
      },
      { asked: worker, base64: Buffer.from(bytes).toString('base64') },
    )
    const looked = JSON.parse(answer) as {
      kind: string
      frames?: readonly { boxes: readonly TextBox[] }[]
    }
    expect(looked.kind).toBe('looked')
    return looked.frames?.[0]?.boxes ?? []
  }
})
