/**
 * The main job in a real browser, clicking as a person would: upload and QC, paint and submit,
 * a killed tab in between, return with a comment on a slice, correction, two acceptances.
 */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyRelease } from '@pandok/api/releases/verify'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePhantom } from '../phantom/index.ts'
import { dropFolder, hasBrowser, launchBrowser, signIn } from '../support/browser.ts'
import {
  measuresOf,
  median,
  picturesDirectory,
  printFigure,
  takePicture,
} from '../support/figures.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'

const ROOT = join(import.meta.dirname, '../..')
const LIDC = join(ROOT, '../shared/data/lidc-idri-0314/CT_chest_40of275')
const isCi = process.env['CI'] === 'true'

const inputs = [
  ['a phantom', undefined],
  ...(existsSync(LIDC) || isCi ? [['the LIDC series', LIDC] as const] : []),
] as const

/** Pictures for the guide show a phantom, in full size. */
const PHANTOM =
  picturesDirectory === undefined ? { size: 128, slices: 24 } : { size: 512, slices: 80 }

describe.skipIf(!hasBrowser && !isCi).each(inputs)('the main job with %s', (name, source) => {
  const figure = (what: string, milliseconds: number) => {
    printFigure(`main job with ${name}: ${what}`, milliseconds)
  }
  const picture = async (page: Page, of: string) => {
    if (source === undefined) await takePicture(page, of)
  }

  let pandok: TestInstallation
  let browser: Browser
  let folder: string
  const faults: string[] = []
  const pages = new Map<string, Page>()

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pandok-input-'))
    if (source === undefined) {
      await mkdir(join(folder, 'ct'))
      for (const { name, bytes } of makePhantom({ seed: 7, ...PHANTOM }).files) {
        await writeFile(join(folder, 'ct', name), bytes)
      }
      await writeFile(join(folder, 'ct', 'notes.txt'), 'no image')
    }
    pandok = await startTestInstallation({ viewerDirectory: join(ROOT, 'viewer/dist') })
    browser = await launchBrowser()
  })

  afterAll(async () => {
    await browser.close()
    await pandok.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const as = async (username: string): Promise<Page> => {
    const known = pages.get(username)
    if (known !== undefined && !known.isClosed()) return known
    const page = await signIn(browser, pandok, username, faults)
    page.setDefaultTimeout(30_000)
    pages.set(username, page)
    return page
  }

  const volume = async (page: Page): Promise<number> => {
    const text = await page.getByTestId('volume-1').textContent()
    return Number(text?.replace(' mL', ''))
  }

  /** Drags over the axial image, from and to in parts of its size. */
  const drag = async (page: Page, from: [number, number], to: [number, number]) => {
    const box = await page.getByTestId('axial').boundingBox()
    if (box === null) throw new Error('the axial image is not there')
    const at = ([x, y]: [number, number]) =>
      [box.x + x * box.width, box.y + y * box.height] as const
    await page.mouse.move(...at(from))
    await page.mouse.down()
    for (let step = 1; step <= 6; step++) {
      const part = step / 6
      await page.mouse.move(
        ...at([from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part]),
      )
    }
    await page.mouse.up()
  }

  /** The slices that the server has paint on. */
  const savedSlices = async (page: Page): Promise<number[]> => {
    const params = { taskId: page.url().split('/').at(-1) ?? '' }
    const labeler = pandok.as('labeler-1')
    const { series } = await labeler.getTask({ params })
    const size = (series[0]?.rows ?? 0) * (series[0]?.columns ?? 0)
    const { runs } = await labeler.getSegmentation({ params })
    const starts = runs.filter((_value, at) => at % 3 === 0)
    return [...new Set(starts.map((start) => Math.floor(start / size)))]
  }

  /** For the pictures: the phantom's mass, as far as a round brush goes. */
  const paintMass = async (page: Page) => {
    await page.keyboard.press('b')
    for (let radius = 0; radius < 8; radius++) await page.keyboard.press(']')
    await drag(page, [0.268, 0.522], [0.274, 0.526])
    await page.keyboard.press('w')
    await page.keyboard.press('1')
    await page.getByText('saved', { exact: true }).waitFor()
  }

  const openReading = async (page: Page) => {
    await page.getByRole('button', { name: 'Lung' }).waitFor({ timeout: 60_000 })
  }

  test('the data manager uploads a folder and approves the QC', { timeout: 300_000 }, async () => {
    const page = await as('data-manager')
    await picture(page, 'upload')
    const started = performance.now()
    if (source === undefined)
      await page.getByTestId('upload-input').setInputFiles(join(folder, 'ct'))
    else await dropFolder(page, page.getByRole('region', { name: 'Upload images' }), source)
    const checked = page.getByRole('link', { name: 'See what was changed and approve' })
    await checked.waitFor({ timeout: 180_000 })
    if (source === undefined) {
      await page.getByRole('checkbox').check()
      await page
        .getByRole('row', { name: /notes\.txt/ })
        .getByText('Not a DICOM file')
        .waitFor()
    }
    const received = performance.now()
    figure('de-identified, sent and received', received - started)
    await picture(page, 'upload-done')
    const looked = performance.now()
    await checked.click()
    // The server's own detector looks first.
    await page.locator('canvas[data-drawn=true]').waitFor({ timeout: 120_000 })
    await picture(page, 'qc')
    const approving = performance.now()
    await page.getByRole('table', { name: 'What was changed' }).getByText('PatientID').waitFor()
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
    await page.getByText('Archived. The case is waiting').waitFor()
    const clicks = approving - looked
    figure('upload to viewable', performance.now() - started - clicks - (looked - received))
  })

  test('the labeler paints, erases, undoes, redoes, measures', { timeout: 180_000 }, async () => {
    const page = await as('labeler-1')
    await page.getByRole('button', { name: 'Next case' }).click()
    await openReading(page)
    await expect.poll(() => measuresOf(page, 'pandok-ready')).toHaveLength(1)
    figure('first image', median(await measuresOf(page, 'pandok-ready')))
    expect(await volume(page)).toBe(0)
    const slices = () => page.getByText(/^Slice \d/).textContent()
    const [middle] = [await slices()]
    await page.keyboard.press('x')
    const coronal = await page.getByTestId('coronal').boundingBox()
    await page.mouse.click(
      (coronal?.x ?? 0) + (coronal?.width ?? 0) * 0.265,
      (coronal?.y ?? 0) + (coronal?.height ?? 0) * 0.47,
    )
    await expect.poll(slices).not.toBe(middle)
    await expect
      .poll(() => page.locator('.axial .edge').allTextContents())
      .toEqual(['R', 'L', 'A', 'P'])
    await page.keyboard.press('b')
    await page.getByRole('button', { name: 'Brush', pressed: true }).waitFor()
    await drag(page, [0.35, 0.5], [0.42, 0.5])
    await expect.poll(() => volume(page)).toBeGreaterThan(0)
    const painted = await volume(page)
    figure('brush frame (median)', median(await measuresOf(page, 'pandok-frame')))
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => volume(page)).toBe(0)
    await page.getByRole('button', { name: 'Redo' }).click()
    await expect.poll(() => volume(page)).toBe(painted)
    await page.getByRole('button', { name: 'Eraser' }).click()
    await drag(page, [0.41, 0.5], [0.42, 0.5])
    await expect.poll(() => volume(page)).toBeLessThan(painted)
    // Two clicks in quick succession are two dabs, in the plane that was clicked.
    await expect.poll(() => savedSlices(page)).toHaveLength(1)
    const dabbed = await volume(page)
    await page.keyboard.press('b')
    const axial = await page.getByTestId('axial').boundingBox()
    for (const share of [0.56, 0.62]) {
      await page.mouse.click(
        (axial?.x ?? 0) + (axial?.width ?? 0) * share,
        (axial?.y ?? 0) + (axial?.height ?? 0) * 0.45,
      )
    }
    await expect.poll(() => volume(page)).toBeGreaterThan(dabbed)
    const single = (await volume(page)) - dabbed
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(async () => (await volume(page)) - dabbed).toBeLessThan(single)
    expect((await volume(page)) - dabbed).toBeGreaterThan(0)
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => volume(page)).toBe(dabbed)
    await page.getByRole('button', { name: 'Mediastinum' }).click()
    await page.getByRole('button', { name: 'Length' }).click()
    await drag(page, [0.3, 0.4], [0.45, 0.4])
    await expect.poll(() => page.getByTestId('length').count()).toBe(1)
    await page.getByText('saved', { exact: true }).waitFor()
    if (picturesDirectory !== undefined) await paintMass(page)
    await picture(page, 'reading')
    await page.keyboard.press('7')
    await page.locator('.plane.maximised').waitFor()
    await picture(page, 'reading-one-plane')
    await page.keyboard.press('7')
    await expect.poll(() => page.locator('.plane.maximised').count()).toBe(0)
  })

  test('a killed tab loses no stroke', { timeout: 120_000 }, async () => {
    const page = await as('labeler-1')
    const before = await volume(page)
    await page.getByRole('button', { name: 'Brush' }).click()
    await drag(page, [0.6, 0.6], [0.62, 0.6])
    await expect.poll(() => volume(page)).toBeGreaterThan(before)
    const painted = await volume(page)
    const address = page.url()
    await page.close({ runBeforeUnload: false })
    const window = browser.contexts().find((each) => each.pages().length === 0)
    const again = await window?.newPage()
    if (again === undefined) throw new Error('the labeler’s window is gone')
    pages.set('labeler-1', again)
    await again.goto(address)
    await openReading(again)
    expect(await volume(again)).toBe(painted)
    expect(await again.getByTestId('length').count()).toBe(1)
  })

  /** The administrator sees all projects, makes one, and sets who works in it. */
  const makeProject = async () => {
    const page = await as('admin')
    await page.getByRole('link', { name: 'Projects' }).click()
    await page.getByRole('button', { name: 'New project' }).click()
    const dialog = page.getByRole('dialog')
    const create = dialog.getByRole('button', { name: 'New project' })
    for (const [label, value] of [
      ['Key', 'second-project'],
      ['Korean name', '둘째 과제'],
      ['English name', 'Second project'],
      ['Letters of a pseudonym', 'SP'],
    ] as const) {
      expect(await create.isDisabled()).toBe(true)
      await dialog.getByLabel(label).fill(value)
    }
    await create.click()
    await page.getByRole('table', { name: 'Projects' }).getByText('second-project').waitFor()
    await picture(page, 'projects')
    await page.getByLabel('Project', { exact: true }).selectOption('second-project')
    await page.getByRole('link', { name: 'Members' }).click()
    await page.getByText('Nobody is in the project yet').waitFor()
  }

  const submit = async () => {
    const page = await as('labeler-1')
    await page.getByRole('button', { name: 'Submit' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Submit' }).click()
    await page.getByRole('button', { name: 'Next case' }).waitFor()
  }

  test('the reviewer returns it with a comment on a slice', { timeout: 180_000 }, async () => {
    await submit()
    const page = await as('reviewer-1')
    await page.getByRole('button', { name: 'Next review', exact: false }).first().click()
    await openReading(page)
    expect(await volume(page)).toBeGreaterThan(0)
    await page.getByRole('button', { name: 'Comment' }).click()
    await page.getByTestId('axial').click({ position: { x: 200, y: 200 } })
    await page.getByLabel('What is wrong here?').fill('the tip is missing')
    await page.getByRole('button', { name: 'Add' }).click()
    await picture(page, 'review')
    await page.getByRole('button', { name: 'Return' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Reason').selectOption('missed-lesion')
    await dialog.getByLabel('Comment').fill('please look at the tip')
    await dialog.getByRole('button', { name: 'Return' }).click()
    await page.getByRole('button', { name: 'Next review', exact: false }).first().waitFor()
  })

  test('corrected by the same labeler, accepted by two reviewers', {
    timeout: 240_000,
  }, async () => {
    const labeler = await as('labeler-1')
    await picture(labeler, 'worklist')
    await labeler.getByRole('button', { name: 'Next case' }).click()
    await openReading(labeler)
    await labeler.getByText('please look at the tip').waitFor()
    await labeler.getByRole('button', { name: '1. the tip is missing' }).click()
    await labeler.getByRole('button', { name: 'Brush' }).click()
    await drag(labeler, [0.5, 0.3], [0.52, 0.3])
    await submit()
    for (const [username, button] of [
      ['reviewer-1', 'Next review'],
      ['reviewer-2', 'Next second review'],
    ] as const) {
      const page = await as(username)
      await page.getByRole('button', { name: button }).click()
      await openReading(page)
      await page.getByRole('button', { name: 'Accept' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Accept' }).click()
      await page.getByRole('button', { name: button }).waitFor()
    }
    const manager = await as('manager')
    await picture(manager, 'progress')
    await manager.getByRole('link', { name: 'Members' }).click()
    await manager.getByRole('table').first().waitFor()
    await picture(manager, 'members')
    await makeProject()
    const progress = await pandok
      .as('manager')
      .getProgress({ params: { projectKey: 'lung-prognosis' } })
    expect(progress.byStage.accepted).toBe(1)
  })

  test('the data manager enters the outcome; a wrong one is refused', {
    timeout: 60_000,
  }, async () => {
    const page = await as('data-manager')
    await page.getByRole('link', { name: 'Cases' }).click()
    await picture(page, 'cases')
    await page.getByRole('link', { name: /^Outcome LC/ }).click()
    const choices = [
      ['Sex', 'F'],
      ['Histology (ICD-O-3)', '8140/3'],
      ['TNM edition', '8'],
      ['cT', 'T1b'],
      ['cN', 'N2a'],
      ['cM', 'M0'],
      ['Vital status', 'alive'],
    ] as const
    for (const [label, option] of choices) {
      await page.getByLabel(label, { exact: true }).selectOption(option)
    }
    await page.getByLabel('Age at diagnosis').fill('66')
    await page.getByLabel('Date of diagnosis').fill('2021-02-10')
    await page.getByLabel('Last contact').fill('2024-01-15')
    await page.getByLabel('none').check()
    await page.getByText('DQ19').waitFor()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('OUTCOME_INVALID').waitFor()
    await picture(page, 'outcome')
    await page.getByLabel('cN', { exact: true }).selectOption('N0')
    await expect.poll(() => page.getByTestId('stage-group').textContent()).toBe('IA2')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText(/Stored date of diagnosis: (?!2021-02-10)\d{4}-/).waitFor()
  })

  test('the researcher freezes a cohort and downloads its release', {
    timeout: 90_000,
  }, async () => {
    const page = await as('researcher')
    await page.getByRole('link', { name: 'Cohorts and releases' }).click()
    await page.getByLabel('IA2').check()
    await page.getByLabel('alive').check()
    await page.getByText('1 case', { exact: true }).waitFor()
    await page.getByLabel('Name of the cohort').fill('early stage')
    await page.getByRole('button', { name: 'Save the cohort' }).click()
    await page.getByRole('button', { name: 'Freeze' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Freeze' }).click()
    const started = performance.now()
    await page.getByRole('button', { name: 'Build a release' }).click()
    const waiting = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download' }).waitFor()
    figure('release built', performance.now() - started)
    await picture(page, 'research')
    await page.getByRole('button', { name: 'Download' }).click()
    const path = join(folder, 'release.zip')
    await (await waiting).saveAs(path)
    expect((await verifyRelease(path)).problems).toEqual([])
  })

  test('the auditor sees the steps', { timeout: 60_000 }, async () => {
    const page = await as('auditor')
    await page.getByRole('link', { name: 'Audit' }).click()
    const table = page.getByRole('table', { name: 'Audit trail' })
    await table.getByText('freezeCohort').waitFor()
    await picture(page, 'audit')
    await page.getByLabel('Person').fill('reviewer-2')
    await expect.poll(() => table.getByText('freezeCohort').count()).toBe(0)
    await table.getByText('decideReview').first().waitFor()
    expect(faults).toEqual([])
  })
})
