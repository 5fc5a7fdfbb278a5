/**
 * The operator's page: shows each image that waits for a person, takes boxes and a decision for its
 * series, and goes on to the next. Keeps nothing; what is on the canvas is gone with the window.
 */

import type { AttributeChange } from '../../../report/compare.ts'
import type { WaitingInstance, WaitingSeries } from '../protocol.ts'
import { createBoxEditor, type EditedBox } from './boxes.ts'
import { words } from './words.ts'

interface Image {
  readonly instance: WaitingInstance
  readonly frame: number
}

const token = location.hash.slice(1)
const byId = <Kind extends Element>(id: string, kind: new () => Kind): Kind => {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`#${id} is missing`)
  return found
}
const picture = byId('picture', HTMLCanvasElement)
const overlay = document.querySelector<SVGSVGElement>('#boxes')
if (overlay === null) throw new Error('#boxes is missing')
const position = byId('position', HTMLInputElement)
const only = byId('only', HTMLInputElement)
const after = byId('after', HTMLInputElement)
const say = byId('say', HTMLElement)
const buttons = {
  done: byId('done', HTMLButtonElement),
  play: byId('play', HTMLButtonElement),
  leave: byId('leave', HTMLButtonElement),
  blank: byId('blank', HTMLButtonElement),
}

let all: readonly WaitingSeries[] = []
let current = 0
let images: readonly Image[] = []
let at = 0
let playing: ReturnType<typeof setInterval> | undefined
let shown = 0
let lastShown = Promise.resolve()
const seen = new Map<string, Set<number>>()
const unshowable = new Set<string>()
/** What the person drew, by series, until the decision is sent. */
const drafts = new Map<string, Draft>()

interface Draft {
  /** In every image of the series. */
  common: EditedBox[]
  /** In one input. */
  readonly own: Map<string, EditedBox[]>
}

const editor = createBoxEditor(
  overlay,
  () => (only.checked ? [images[at]?.frame ?? 1] : 'all'),
  (boxes) => {
    keep(boxes)
    refreshButtons()
  },
)

const resizes = new ResizeObserver(() => {
  fit(picture.width, picture.height)
})

async function ask(path: string, body?: object): Promise<Response> {
  const response = await fetch(path, {
    headers: { 'x-pandok-token': token },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  }).catch(() => undefined)
  if (response === undefined) {
    say.textContent = words.gone
    throw new Error('gone')
  }
  return response
}

function isPreview(): boolean {
  return all[current]?.reason === 'preview'
}

function draftOf({ series, instances }: WaitingSeries): Draft {
  const known = drafts.get(series)
  if (known !== undefined) return known
  const own = instances.map(({ input, decision, proposed }): [string, EditedBox[]] => {
    const start = decision?.kind === 'blank' ? decision.regions : proposed
    return [input, start.map((region) => ({ ...region }))]
  })
  const draft = { common: [], own: new Map(own) }
  drafts.set(series, draft)
  return draft
}

function boxesOf(draft: Draft, { input }: WaitingInstance): EditedBox[] {
  return [...draft.common, ...(draft.own.get(input) ?? [])]
}

/** A new box is the whole series' unless it was drawn for this image only. */
function keep(boxes: readonly EditedBox[]): void {
  const series = all[current]
  const image = images[at]
  if (series === undefined || image === undefined) return
  const draft = draftOf(series)
  const { input } = image.instance
  const own = draft.own.get(input) ?? []
  const isNew = (box: EditedBox) => !own.includes(box) && !draft.common.includes(box)
  const added = boxes.filter(isNew)
  draft.common = [
    ...draft.common.filter((box) => boxes.includes(box)),
    ...added.filter(({ frames }) => frames === 'all'),
  ]
  draft.own.set(input, [
    ...own.filter((box) => boxes.includes(box)),
    ...added.filter(({ frames }) => frames !== 'all'),
  ])
}

async function open(index: number): Promise<void> {
  stop()
  current = index
  const series = all[index]
  images = (series?.instances ?? []).flatMap((instance) =>
    Array.from({ length: instance.frames }, (_, frame) => ({ instance, frame: frame + 1 })),
  )
  at = 0
  position.max = String(Math.max(0, images.length - 1))
  drawList()
  await show()
}

function show(): Promise<void> {
  lastShown = showImage()
  return lastShown
}

async function showImage(): Promise<void> {
  const image = images[at]
  if (image === undefined) return
  const turn = ++shown
  const { instance, frame } = image
  const query = `input=${encodeURIComponent(instance.input)}`
  const response = await ask(`/api/frame?${query}&frame=${frame}`)
  if (turn !== shown) return
  const width = Number(response.headers.get('x-width') ?? 0)
  const height = Number(response.headers.get('x-height') ?? 0)
  if (response.ok) {
    const rgba = new Uint8ClampedArray(await response.arrayBuffer())
    if (turn !== shown) return
    picture.width = width
    picture.height = height
    picture.getContext('2d')?.putImageData(new ImageData(rgba, width, height), 0, 0)
    fit(width, height)
    seenOf().add(at)
    const series = all[current]
    const boxes = series === undefined ? [] : boxesOf(draftOf(series), instance)
    editor.show(boxes, (box) => box.frames === 'all' || box.frames.includes(frame), {
      width,
      height,
    })
  } else {
    unshowable.add(all[current]?.series ?? '')
    picture.width = 0
  }
  position.value = String(at)
  byId('where', HTMLElement).textContent = words.where(at + 1, images.length, seenOf().size)
  if (isPreview()) await showAttributes(query)
  refreshButtons()
}

function seenOf(): Set<number> {
  const series = all[current]?.series ?? ''
  const known = seen.get(series) ?? new Set<number>()
  seen.set(series, known)
  return known
}

/** The canvas and the overlay get one size, as large as the stage allows. */
function fit(width: number, height: number): void {
  if (width === 0 || height === 0) return
  const stage = byId('stage', HTMLElement).getBoundingClientRect()
  const scale = Math.min(stage.width / width, stage.height / height)
  for (const each of [picture, overlay]) {
    each?.style.setProperty('width', `${Math.floor(width * scale)}px`)
    each?.style.setProperty('height', `${Math.floor(height * scale)}px`)
  }
}

async function showAttributes(query: string): Promise<void> {
  const response = await ask(`/api/attributes?${query}`)
  const changes = (await response.json()) as readonly AttributeChange[]
  const panel = byId('attributes', HTMLElement)
  panel.hidden = false
  const row = (cells: readonly (string | Node)[], tag: 'th' | 'td') => {
    const line = document.createElement('tr')
    for (const cell of cells) {
      const element = document.createElement(tag)
      element.append(cell)
      line.append(element)
    }
    return line
  }
  const marked = (tag: 'del' | 'ins', text: string) => {
    const element = document.createElement(tag)
    element.textContent = text
    return element
  }
  const table = document.createElement('table')
  table.append(row(words.columns, 'th'))
  for (const { keyword, path, before, after: clean } of changes) {
    const name = document.createElement('span')
    name.textContent = keyword
    name.title = path
    table.append(row([name, marked('del', before), marked('ins', clean)], 'td'))
  }
  panel.replaceChildren(table)
}

function refreshButtons(): void {
  const series = all[current]
  const image = images[at]
  if (series === undefined || image === undefined) return
  const { common, own } = draftOf(series)
  const count = [...own.values()].reduce((sum, boxes) => sum + boxes.length, common.length)
  const waits = seenOf().size < images.length && series.reason !== 'preview'
  buttons.blank.textContent = count > 0 ? words.blank(count) : words.nothing
  buttons.blank.disabled = waits || unshowable.has(series.series)
  buttons.blank.hidden = series.reason === 'preview'
  buttons.leave.hidden = series.reason === 'preview'
  say.textContent = unshowable.has(series.series)
    ? words.notShown
    : waits
      ? words.seeAll
      : series.reason === 'preview'
        ? ''
        : words.help
}

async function decide(kind: 'blank' | 'leave-out'): Promise<void> {
  const series = all[current]
  if (series === undefined || series.reason === 'preview') return
  if (kind === 'blank' && buttons.blank.disabled) return
  const byDecision = new Map<string, string[]>()
  for (const instance of series.instances) {
    const regions = boxesOf(draftOf(series), instance)
    const decision = kind === 'blank' ? { kind, regions } : { kind }
    const key = JSON.stringify(decision)
    byDecision.set(key, [...(byDecision.get(key) ?? []), instance.input])
  }
  for (const [key, inputs] of byDecision) {
    const response = await ask('/api/decide', { inputs, decision: JSON.parse(key) as object })
    all = (await response.json()) as readonly WaitingSeries[]
  }
  const next = all.findIndex((each) => each.instances.some(({ decision }) => decision === null))
  await open(next === -1 ? current : next)
  if (next === -1) buttons.done.focus()
}

function drawList(): void {
  const isDecided = ({ instances }: WaitingSeries) =>
    instances.every(({ decision }) => decision !== null)
  const decided = all.filter(isDecided).length
  byId('count', HTMLElement).textContent = isPreview() ? '' : words.decided(decided, all.length)
  const progress = byId('progress', HTMLProgressElement)
  progress.hidden = isPreview()
  progress.max = all.length
  progress.value = decided
  const entries = all.map((series, index) => {
    const button = document.createElement('button')
    button.type = 'button'
    button.setAttribute('aria-current', String(index === current))
    button.textContent = words.reasons[series.reason]
    const small = document.createElement('small')
    const [first] = series.instances
    const decision = first?.decision
    const state =
      decision === undefined || decision === null
        ? ''
        : decision.kind === 'blank' && series.instances.every(hasNoRegion)
          ? ` · ${words.states.nothing}`
          : ` · ${words.states[decision.kind]}`
    const frames = series.instances.reduce((sum, instance) => sum + instance.frames, 0)
    small.textContent = `${words.size(series.instances.length, frames)}${state}`
    button.append(small)
    button.addEventListener('click', () => void open(index))
    return button
  })
  byId('list', HTMLElement).replaceChildren(...entries)
}

function hasNoRegion({ decision }: WaitingInstance): boolean {
  return decision?.kind === 'blank' && decision.regions.length === 0
}

function go(step: number): void {
  const next = Math.max(0, Math.min(images.length - 1, at + step))
  if (next === at) {
    if (step > 0) stop()
    return
  }
  at = next
  void show()
}

function stop(): void {
  clearInterval(playing)
  playing = undefined
}

function play(): void {
  if (playing !== undefined) {
    stop()
    return
  }
  if (at === images.length - 1) at = -1
  playing = setInterval(() => go(1), 120)
}

/** The server goes away once it is told; until then it answers what was asked. */
async function finish(): Promise<void> {
  stop()
  resizes.disconnect()
  all = []
  images = []
  await lastShown
  await ask('/api/done', {})
  document.body.replaceChildren(
    Object.assign(document.createElement('p'), { textContent: words.finished }),
  )
}

const KEYS: Readonly<Record<string, () => void>> = {
  PageDown: () => go(1),
  PageUp: () => go(-1),
  Home: () => go(-images.length),
  End: () => go(images.length),
  p: play,
  f: () => {
    only.checked = !only.checked
  },
  ' ': () => {
    after.click()
  },
  l: () => void decide('leave-out'),
  Enter: () => void decide('blank'),
}
document.addEventListener('keydown', (event) => {
  const isOnControl = event.target instanceof HTMLButtonElement || event.target === position
  if (isOnControl && ['Enter', ' ', 'Tab'].includes(event.key)) return
  const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key]
  if (action === undefined && !editor.key(event)) return
  event.preventDefault()
  action?.()
})
byId('stage', HTMLElement).addEventListener(
  'wheel',
  (event) => {
    event.preventDefault()
    go(Math.sign(event.deltaY))
  },
  { passive: false },
)
position.addEventListener('input', () => go(Number(position.value) - at))
after.addEventListener('change', () => overlay.classList.toggle('after', after.checked))
resizes.observe(byId('stage', HTMLElement))
buttons.done.addEventListener('click', () => void finish())
buttons.play.addEventListener('click', play)
buttons.leave.addEventListener('click', () => void decide('leave-out'))
buttons.blank.addEventListener('click', () => void decide('blank'))

document.documentElement.lang = navigator.language.startsWith('ko') ? 'ko' : 'en'
byId('only-text', HTMLElement).textContent = words.only
byId('after-text', HTMLElement).textContent = words.after
buttons.done.textContent = words.done
buttons.play.textContent = '▶'
buttons.play.title = words.play
buttons.play.setAttribute('aria-label', words.play)
buttons.leave.textContent = words.leave
all = (await (await ask('/api/series')).json()) as readonly WaitingSeries[]
byId('title', HTMLElement).textContent = isPreview() ? words.titlePreview : words.title
await open(0)
