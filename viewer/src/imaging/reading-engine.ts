/**
 * Shows one CT series in three planes and lets a reader segment and measure it. A class without
 * React in spirit: plain functions around Cornerstone3D, driven by calls, telling by events.
 *
 * Voxels outside are in (slice, row, column) order with the slices of the series geometry;
 * Cornerstone sorts slices by itself, so the two orders are mapped by SOP Instance UID.
 */
import {
  cache,
  Enums,
  eventTarget,
  getRenderingEngine,
  imageLoader,
  init as initCore,
  RenderingEngine,
  setVolumesForViewports,
  type Types,
  volumeLoader,
} from '@cornerstonejs/core'
import { init as initLoader, wadors } from '@cornerstonejs/dicom-image-loader'
import {
  addTool,
  annotation as annotations,
  BrushTool,
  init as initTools,
  LengthTool,
  PanTool,
  StackScrollTool,
  segmentation,
  Enums as ToolEnums,
  ToolGroupManager,
  utilities,
  WindowLevelTool,
  ZoomTool,
} from '@cornerstonejs/tools'
import type { SegmentLabel, SeriesGeometry } from '@pandok/contract'
import { createHistory, type Stroke, strokeBetween } from './segmentation-history.ts'

export const WINDOW_PRESETS = {
  lung: { center: -600, width: 1500 },
  mediastinum: { center: 40, width: 400 },
  bone: { center: 400, width: 1800 },
} as const
export type WindowPreset = keyof typeof WINDOW_PRESETS
export type Tool = 'window-level' | 'brush' | 'eraser' | 'length' | 'pan' | 'comment'

type Point = [number, number, number]

export interface SavedLength {
  readonly id: string
  /** Millimetres, LPS. */
  readonly pointsMm: readonly [Point, Point]
  readonly sopInstanceUid: string
}

interface Pin {
  readonly id: string
  readonly label: string
  readonly pointMm: Point
}

export interface EngineEvents {
  readonly progress: { readonly loaded: number; readonly total: number }
  /** The first image is painted; `ms` since `open` was called. */
  readonly ready: { readonly ms: number }
  /** A stroke, undo or redo is finished: runs of new values. */
  readonly delta: { readonly runs: readonly number[] }
  readonly length: SavedLength
  readonly 'length-removed': { readonly id: string }
  readonly comment: { readonly pointMm: Point; readonly sopInstanceUid: string }
  readonly slice: { readonly index: number; readonly count: number }
  readonly history: { readonly canUndo: boolean; readonly canRedo: boolean }
  /** Milliseconds from a drag of the brush to the painted frame. */
  readonly frame: { readonly ms: number }
}

export interface ReadingEngine {
  readonly setTool: (tool: Tool) => void
  readonly setBrushRadius: (radiusMm: number) => void
  readonly setSegment: (number: number) => void
  readonly setWindow: (preset: WindowPreset) => void
  readonly setSegmentationVisible: (isVisible: boolean) => void
  readonly undo: () => void
  readonly redo: () => void
  readonly jumpTo: (pointMm: Point) => void
  readonly showPins: (pins: readonly Pin[]) => void
  /** A copy, in the geometry's order. */
  readonly labelmap: () => Uint8Array
  readonly destroy: () => void
}

export interface ReadingOptions {
  readonly elements: {
    readonly axial: HTMLDivElement
    readonly coronal: HTMLDivElement
    readonly sagittal: HTMLDivElement
  }
  readonly geometry: SeriesGeometry
  readonly segments: readonly SegmentLabel[]
  /** In the geometry's order. */
  readonly labelmap: Uint8Array
  readonly lengths: readonly SavedLength[]
  readonly isReadOnly: boolean
  readonly getToken: () => Promise<string>
  readonly emit: <Name extends keyof EngineEvents>(name: Name, event: EngineEvents[Name]) => void
}

const ENGINE = 'pandok'
const GROUP = 'pandok-tools'
const VOLUME = 'cornerstoneStreamingImageVolume:pandok'
const SEGMENTATION = 'pandok-segmentation'
const ERASER = 'Eraser'
/** Cornerstone types its tools' names as any. */
const NAMES = {
  windowLevel: String(WindowLevelTool.toolName),
  pan: String(PanTool.toolName),
  zoom: String(ZoomTool.toolName),
  scroll: String(StackScrollTool.toolName),
  brush: String(BrushTool.toolName),
  length: LengthTool.toolName,
} as const
const PLANES = ['axial', 'coronal', 'sagittal'] as const
const FILL_OPACITY = 0.35

let initialised: Promise<void> | undefined
let currentToken: () => Promise<string> = () => Promise.resolve('')

/** IMAGING_NO_WEBGL when the browser cannot draw volumes. */
export async function createReadingEngine(options: ReadingOptions): Promise<ReadingEngine> {
  const started = performance.now()
  if (document.createElement('canvas').getContext('webgl2') === null) {
    throw new Error('IMAGING_NO_WEBGL')
  }
  currentToken = options.getToken
  initialised ??= initialise()
  await initialised
  const { geometry, emit } = options
  const { elements } = options
  const size = geometry.rows * geometry.columns
  const imageIds = await registerMetadata(geometry, options.getToken)
  const cleanups: (() => void)[] = []

  const engine = new RenderingEngine(ENGINE)
  engine.setViewports(
    PLANES.map((plane) => ({
      viewportId: plane,
      type: Enums.ViewportType.ORTHOGRAPHIC,
      element: elements[plane],
      defaultOptions: { orientation: Enums.OrientationAxis[upper(plane)], background: [0, 0, 0] },
    })),
  )
  const volume = await volumeLoader.createAndCacheVolume(VOLUME, { imageIds })
  const painted = nextEvent(elements.axial, Enums.Events.IMAGE_RENDERED)
  await setVolumesForViewports(engine, [{ volumeId: VOLUME }], [...PLANES])

  let loaded = 0
  listen(cleanups, eventTarget, Enums.Events.IMAGE_VOLUME_MODIFIED, () => undefined)
  listen(cleanups, eventTarget, Enums.Events.IMAGE_LOADED, () => {
    loaded = Math.min(loaded + 1, imageIds.length)
    emit('progress', { loaded, total: imageIds.length })
  })
  const whole = new Promise<void>((resolve) => {
    listen(cleanups, eventTarget, Enums.Events.IMAGE_VOLUME_LOADING_COMPLETED, () => {
      emit('progress', { loaded: imageIds.length, total: imageIds.length })
      resolve()
    })
  })
  if ('load' in volume && typeof volume.load === 'function') volume.load()
  setWindow('lung')
  engine.render()
  void painted.then(() => {
    emit('ready', { ms: Math.round(performance.now() - started) })
  })

  // Cornerstone's slice k ↔ ours, by UID.
  const ours = new Map(geometry.sopInstanceUids.map((uid, index) => [uid, index]))
  const oursOf = volume.imageIds.map((imageId) => ours.get(sopOf(imageId)) ?? -1)
  const theirsOf = new Map(oursOf.map((index, k) => [index, k]))

  const labels = volumeLoader.createAndCacheDerivedLabelmapVolume(VOLUME, {
    volumeId: SEGMENTATION,
  })
  segmentation.addSegmentations([
    {
      segmentationId: SEGMENTATION,
      representation: {
        type: ToolEnums.SegmentationRepresentations.Labelmap,
        data: { volumeId: SEGMENTATION },
      },
    },
  ])
  const sliceData = (k: number): Uint8Array => {
    const image = cache.getImage(labels.imageIds[k] ?? '')
    if (image?.voxelManager === undefined) throw new Error('IMAGING_SLICE_MISSING')
    return image.voxelManager.getScalarData() as Uint8Array
  }
  /** What the outside knows, in our order. */
  const shadow = new Uint8Array(options.labelmap)
  for (const [k, index] of oursOf.entries()) {
    sliceData(k).set(shadow.subarray(index * size, (index + 1) * size))
  }
  for (const plane of PLANES) {
    segmentation.addLabelmapRepresentationToViewport(plane, [{ segmentationId: SEGMENTATION }])
  }
  for (const { number, rgb } of options.segments) {
    for (const plane of PLANES) {
      segmentation.config.color.setSegmentIndexColor(plane, SEGMENTATION, number, [...rgb, 255])
    }
  }
  segmentation.config.style.setStyle(
    { type: ToolEnums.SegmentationRepresentations.Labelmap },
    { fillAlpha: FILL_OPACITY, fillAlphaInactive: FILL_OPACITY, renderOutline: false },
  )
  announce([...oursOf.keys()])

  const group = createTools(options.isReadOnly)
  cleanups.push(() => {
    ToolGroupManager.destroyToolGroup(GROUP)
  })
  for (const plane of PLANES) group.addViewport(plane, ENGINE)
  for (const saved of options.lengths) restoreLength(saved, geometry, elements.axial)

  const history = createHistory()
  const touched = new Set<number>()
  listen(
    cleanups,
    eventTarget,
    ToolEnums.Events.SEGMENTATION_DATA_MODIFIED,
    (event: CustomEvent<{ modifiedSlicesToUse?: number[] }>) => {
      const slices = event.detail.modifiedSlicesToUse ?? [...oursOf.keys()]
      for (const k of slices) touched.add(k)
    },
  )
  let tool: Tool = 'window-level'
  const endStroke = () => {
    // After Cornerstone's own listeners have written the last dab.
    setTimeout(finishStroke, 0)
  }
  for (const plane of PLANES) {
    const element = elements[plane]
    const isPainting = () => tool === 'brush' || tool === 'eraser'
    const onMove = (event: MouseEvent) => {
      if (event.buttons !== 1 || !isPainting()) return
      const from = performance.now()
      requestAnimationFrame(() => {
        emit('frame', { ms: performance.now() - from })
      })
    }
    const onClick = (event: MouseEvent) => {
      if (tool === 'comment') placeComment(plane, event)
    }
    element.addEventListener('mousemove', onMove)
    element.addEventListener('click', onClick)
    const onMenu = (event: Event) => {
      event.preventDefault()
    }
    element.addEventListener('contextmenu', onMenu)
    cleanups.push(() => {
      element.removeEventListener('mousemove', onMove)
      element.removeEventListener('click', onClick)
      element.removeEventListener('contextmenu', onMenu)
    })
  }
  window.addEventListener('mouseup', endStroke)
  cleanups.push(() => {
    window.removeEventListener('mouseup', endStroke)
  })

  const tellLength = (event: CustomEvent<{ annotation: LengthAnnotation }>) => {
    const { annotation } = event.detail
    const [a, b] = annotation.data.handles.points
    if (annotation.metadata.toolName !== NAMES.length || !a || !b) return
    emit('length', {
      id: annotation.annotationUID,
      pointsMm: [a, b],
      sopInstanceUid: nearestSop(geometry, a),
    })
  }
  const lengthTimers = new Map<string, ReturnType<typeof setTimeout>>()
  listen(cleanups, eventTarget, ToolEnums.Events.ANNOTATION_COMPLETED, tellLength)
  listen(
    cleanups,
    eventTarget,
    ToolEnums.Events.ANNOTATION_MODIFIED,
    (event: CustomEvent<{ annotation: LengthAnnotation }>) => {
      // Told when the hand rests, not for every pixel on the way.
      const id = event.detail.annotation.annotationUID
      clearTimeout(lengthTimers.get(id))
      lengthTimers.set(
        id,
        setTimeout(() => {
          tellLength(event)
        }, 400),
      )
    },
  )

  const pinLayer = createPinLayer(elements.axial, () => viewportOf('axial'), geometry)
  cleanups.push(pinLayer.destroy)
  listen(cleanups, elements.axial, Enums.Events.IMAGE_RENDERED, () => {
    pinLayer.draw()
    tellSlice()
  })
  let lastSlice = -1
  await Promise.race([whole, new Promise((wake) => setTimeout(wake, 60_000))])
  engine.render()

  return {
    setTool: (next) => {
      tool = next
      activate(next)
    },
    setBrushRadius: (radiusMm) => {
      utilities.segmentation.setBrushSizeForToolGroup(GROUP, radiusMm)
    },
    setSegment: (number) => {
      segmentation.segmentIndex.setActiveSegmentIndex(SEGMENTATION, number)
    },
    setWindow,
    setSegmentationVisible: (isVisible) => {
      for (const plane of PLANES) {
        segmentation.config.visibility.setSegmentationRepresentationVisibility(
          plane,
          {
            segmentationId: SEGMENTATION,
            type: ToolEnums.SegmentationRepresentations.Labelmap,
          },
          isVisible,
        )
      }
    },
    undo: () => {
      write(history.undo())
    },
    redo: () => {
      write(history.redo())
    },
    jumpTo: (pointMm) => {
      for (const plane of PLANES) centreOn(viewportOf(plane), pointMm)
    },
    showPins: (pins) => {
      pinLayer.set(pins)
    },
    labelmap: () => Uint8Array.from(shadow),
    destroy: () => {
      for (const timer of lengthTimers.values()) clearTimeout(timer)
      for (const cleanup of cleanups.reverse()) cleanup()
      annotations.state.removeAllAnnotations()
      segmentation.removeAllSegmentations()
      getRenderingEngine(ENGINE)?.destroy()
      cache.purgeCache()
    },
  }

  function viewportOf(plane: (typeof PLANES)[number]): Types.IVolumeViewport {
    return engine.getViewport<Types.IVolumeViewport>(plane)
  }

  function setWindow(preset: WindowPreset): void {
    const { center, width } = WINDOW_PRESETS[preset]
    for (const plane of PLANES) {
      const viewport = viewportOf(plane)
      viewport.setProperties({
        voiRange: { lower: center - width / 2, upper: center + width / 2 },
      })
      viewport.render()
    }
  }

  function finishStroke(): void {
    const strokes: Stroke[] = []
    const slices = [...touched].sort((a, b) => (oursOf[a] ?? 0) - (oursOf[b] ?? 0))
    touched.clear()
    for (const k of slices) {
      const index = oursOf[k] ?? 0
      const known = shadow.subarray(index * size, (index + 1) * size)
      const now = sliceData(k)
      strokes.push(strokeBetween(known, now, index * size))
      known.set(now)
    }
    const stroke = {
      before: strokes.flatMap((each) => each.before),
      after: strokes.flatMap((each) => each.after),
    }
    if (stroke.after.length === 0) return
    history.push(stroke)
    emit('delta', { runs: stroke.after })
    tellHistory()
  }

  /** Writes runs of our order into both states and tells everybody. */
  function write(runs: readonly number[] | undefined): void {
    if (runs === undefined) return
    const slices = new Set<number>()
    for (let at = 0; at < runs.length; at += 3) {
      const [start, length, value] = [runs[at] ?? 0, runs[at + 1] ?? 0, runs[at + 2] ?? 0]
      const index = Math.floor(start / size)
      const k = theirsOf.get(index) ?? 0
      slices.add(k)
      shadow.fill(value, start, start + length)
      sliceData(k).fill(value, start - index * size, start - index * size + length)
    }
    announce([...slices])
    touched.clear()
    emit('delta', { runs })
    tellHistory()
  }

  function announce(slices: number[]): void {
    segmentation.triggerSegmentationEvents.triggerSegmentationDataModified(SEGMENTATION, slices)
  }

  function tellHistory(): void {
    emit('history', { canUndo: history.canUndo(), canRedo: history.canRedo() })
  }

  function tellSlice(): void {
    const { focalPoint } = viewportOf('axial').getCamera()
    if (focalPoint === undefined) return
    const index = geometry.sopInstanceUids.indexOf(nearestSop(geometry, focalPoint))
    if (index === lastSlice) return
    lastSlice = index
    emit('slice', { index, count: geometry.sopInstanceUids.length })
  }

  function placeComment(plane: (typeof PLANES)[number], event: MouseEvent): void {
    const box = elements[plane].getBoundingClientRect()
    const world = viewportOf(plane).canvasToWorld([
      event.clientX - box.left,
      event.clientY - box.top,
    ])
    const pointMm: Point = [world[0], world[1], world[2]]
    emit('comment', { pointMm, sopInstanceUid: nearestSop(geometry, pointMm) })
  }
}

async function initialise(): Promise<void> {
  initCore()
  initTools()
  initLoader({
    maxWebWorkers: 1,
    beforeSend: async () => ({ authorization: `Bearer ${await currentToken()}` }),
  })
  for (const each of [WindowLevelTool, PanTool, ZoomTool, StackScrollTool, BrushTool, LengthTool]) {
    addTool(each)
  }
  await Promise.resolve(imageLoader)
}

const upper = (plane: (typeof PLANES)[number]) =>
  plane.toUpperCase() as 'AXIAL' | 'CORONAL' | 'SAGITTAL'

const seriesAddress = (geometry: SeriesGeometry) =>
  `${location.origin}/dicomweb/studies/${geometry.studyInstanceUid}/series/${geometry.seriesInstanceUid}`

const sopOf = (imageId: string) => /\/instances\/([^/]+)\//.exec(imageId)?.[1] ?? ''

/** Reads the series' metadata once and hands it to the loader; image ids in our order. */
async function registerMetadata(
  geometry: SeriesGeometry,
  getToken: () => Promise<string>,
): Promise<string[]> {
  const address = seriesAddress(geometry)
  const answer = await fetch(`${address}/metadata`, {
    headers: { authorization: `Bearer ${await getToken()}`, accept: 'application/dicom+json' },
  })
  if (!answer.ok) throw new Error('IMAGING_METADATA')
  const list = (await answer.json()) as Record<string, { Value?: unknown[] }>[]
  const known = new Map(list.map((each) => [String(each['00080018']?.Value?.[0]), each]))
  return geometry.sopInstanceUids.map((uid) => {
    const imageId = `wadors:${address}/instances/${uid}/frames/1`
    const metadata = known.get(uid)
    if (metadata === undefined) throw new Error('IMAGING_METADATA')
    wadors.metaDataManager.add(imageId, metadata as never)
    return imageId
  })
}

function createTools(isReadOnly: boolean) {
  const group = ToolGroupManager.createToolGroup(GROUP)
  if (group === undefined) throw new Error('IMAGING_TOOLS')
  for (const name of [NAMES.windowLevel, NAMES.pan, NAMES.zoom, NAMES.scroll, NAMES.length]) {
    group.addTool(name)
  }
  group.addToolInstance('Brush', NAMES.brush, { activeStrategy: 'FILL_INSIDE_CIRCLE' })
  group.addToolInstance(ERASER, NAMES.brush, { activeStrategy: 'ERASE_INSIDE_CIRCLE' })
  const { MouseBindings } = ToolEnums
  group.setToolActive(NAMES.pan, { bindings: [{ mouseButton: MouseBindings.Auxiliary }] })
  group.setToolActive(NAMES.zoom, { bindings: [{ mouseButton: MouseBindings.Secondary }] })
  group.setToolActive(NAMES.scroll, {
    bindings: [{ mouseButton: MouseBindings.Wheel }],
  })
  group.setToolActive(NAMES.windowLevel, {
    bindings: [{ mouseButton: MouseBindings.Primary }],
  })
  if (isReadOnly) group.setToolEnabled(NAMES.length)
  else group.setToolPassive(NAMES.length)
  return group
}

/** The left button's tool; the others keep theirs. */
function activate(tool: Tool): void {
  const group = ToolGroupManager.getToolGroup(GROUP)
  if (group === undefined) return
  const names: Partial<Record<Tool, string>> = {
    'window-level': NAMES.windowLevel,
    brush: 'Brush',
    eraser: ERASER,
    length: NAMES.length,
  }
  const primary = [{ mouseButton: ToolEnums.MouseBindings.Primary }]
  for (const name of [NAMES.windowLevel, NAMES.length]) group.setToolPassive(name)
  for (const name of ['Brush', ERASER]) group.setToolDisabled(name)
  const auxiliary = { mouseButton: ToolEnums.MouseBindings.Auxiliary }
  group.setToolPassive(NAMES.pan, { removeAllBindings: true })
  group.setToolActive(NAMES.pan, {
    bindings: tool === 'pan' ? [...primary, auxiliary] : [auxiliary],
  })
  const name = names[tool]
  if (name !== undefined) group.setToolActive(name, { bindings: primary })
}

interface LengthAnnotation {
  readonly annotationUID: string
  readonly metadata: { readonly toolName: string }
  readonly data: { readonly handles: { readonly points: Point[] } }
}

function restoreLength(
  saved: SavedLength,
  geometry: SeriesGeometry,
  element: HTMLDivElement,
): void {
  const normal = normalOf(geometry)
  annotations.state.addAnnotation(
    {
      annotationUID: saved.id,
      highlighted: false,
      isLocked: false,
      isVisible: true,
      invalidated: true,
      metadata: {
        toolName: NAMES.length,
        FrameOfReferenceUID: geometry.frameOfReferenceUid,
        viewPlaneNormal: normal,
        viewUp: [0, -1, 0],
        referencedImageId: `wadors:${seriesAddress(geometry)}/instances/${saved.sopInstanceUid}/frames/1`,
      },
      data: {
        handles: {
          points: saved.pointsMm.map((point): Point => [...point]),
          activeHandleIndex: null,
          textBox: { hasMoved: false, worldPosition: [0, 0, 0] },
        },
        label: '',
        cachedStats: {},
      },
    } as never,
    element,
  )
}

function normalOf({ orientation: o }: SeriesGeometry): Point {
  return [o[1] * o[5] - o[2] * o[4], o[2] * o[3] - o[0] * o[5], o[0] * o[4] - o[1] * o[3]]
}

const along = (normal: Point, point: ArrayLike<number>) =>
  normal[0] * (point[0] ?? 0) + normal[1] * (point[1] ?? 0) + normal[2] * (point[2] ?? 0)

/** The slice whose plane is nearest to a point. */
function nearestSop(geometry: SeriesGeometry, point: ArrayLike<number>): string {
  const normal = normalOf(geometry)
  const wanted = along(normal, point)
  let best = 0
  geometry.positions.forEach((position, index) => {
    const nearest = geometry.positions[best] ?? position
    if (Math.abs(along(normal, position) - wanted) < Math.abs(along(normal, nearest) - wanted)) {
      best = index
    }
  })
  return geometry.sopInstanceUids[best] ?? ''
}

/** Moves the camera so that the plane goes through the point. */
function centreOn(viewport: Types.IVolumeViewport, pointMm: Point): void {
  const { focalPoint, position, viewPlaneNormal } = viewport.getCamera()
  if (focalPoint === undefined || position === undefined || viewPlaneNormal === undefined) return
  const normal: Point = [viewPlaneNormal[0], viewPlaneNormal[1], viewPlaneNormal[2]]
  const by = along(normal, pointMm) - along(normal, focalPoint)
  const moved = (from: Types.Point3): Types.Point3 => [
    from[0] + normal[0] * by,
    from[1] + normal[1] * by,
    from[2] + normal[2] * by,
  ]
  viewport.setCamera({ focalPoint: moved(focalPoint), position: moved(position) })
  viewport.render()
}

/** Numbered pins over the axial image, each shown on its own slice. */
function createPinLayer(
  element: HTMLDivElement,
  viewport: () => Types.IVolumeViewport,
  geometry: SeriesGeometry,
) {
  const layer = document.createElement('div')
  layer.className = 'pin-layer'
  element.append(layer)
  let pins: readonly Pin[] = []
  const draw = () => {
    const { focalPoint } = viewport().getCamera()
    if (focalPoint === undefined) return
    const normal = normalOf(geometry)
    layer.replaceChildren(
      ...pins
        .filter(
          (pin) =>
            Math.abs(along(normal, pin.pointMm) - along(normal, focalPoint)) <=
            geometry.sliceSpacingMm / 2 + 0.01,
        )
        .map((pin) => {
          const [x, y] = viewport().worldToCanvas(pin.pointMm)
          const mark = document.createElement('span')
          mark.className = 'pin'
          mark.textContent = pin.label
          mark.style.transform = `translate(${x}px, ${y}px)`
          return mark
        }),
    )
  }
  return {
    draw,
    set: (next: readonly Pin[]) => {
      pins = next
      draw()
    },
    destroy: () => {
      layer.remove()
    },
  }
}

function listen<E extends Event>(
  cleanups: (() => void)[],
  target: EventTarget | HTMLDivElement | typeof eventTarget,
  name: string,
  act: (event: E) => void,
): void {
  const listener = act as unknown as EventListener
  target.addEventListener(name, listener)
  cleanups.push(() => {
    target.removeEventListener(name, listener)
  })
}

function nextEvent(element: HTMLElement, name: string): Promise<void> {
  return new Promise((resolve) => {
    element.addEventListener(
      name,
      () => {
        resolve()
      },
      { once: true },
    )
  })
}
