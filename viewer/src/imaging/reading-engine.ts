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
  init as initCore,
  RenderingEngine,
  setVolumesForViewports,
  type Types,
  volumeLoader,
} from '@cornerstonejs/core'
import { init as initLoader } from '@cornerstonejs/dicom-image-loader'
import {
  annotation as annotations,
  init as initTools,
  segmentation,
  Enums as ToolEnums,
  ToolGroupManager,
  utilities,
} from '@cornerstonejs/tools'
import type { SegmentLabel, SeriesGeometry } from '@pandok/contract'
import { along, moved, nearestInside, nearestSop, normalOf, type Point } from './patient-space.ts'
import { createPlaneOverlay, type Pin, PLANES, type Plane } from './plane-overlay.ts'
import { activate, createTools, GROUP, LENGTH, registerTools, type Tool } from './reading-tools.ts'
import { createHistory, type Stroke, strokeBetween } from './segmentation-history.ts'
import { imageIdOf, registerMetadata, sopOf } from './series-metadata.ts'

export const WINDOW_PRESETS = {
  lung: { center: -600, width: 1500 },
  mediastinum: { center: 40, width: 400 },
  bone: { center: 400, width: 1800 },
} as const
export type WindowPreset = keyof typeof WINDOW_PRESETS

export interface SavedLength {
  readonly id: string
  /** Millimetres, LPS. */
  readonly pointsMm: readonly [Point, Point]
  readonly sopInstanceUid: string
}

export interface EngineEvents {
  readonly progress: { readonly loaded: number; readonly total: number }
  /** The slice in the middle is on the screen; `ms` since the engine was asked for. */
  readonly ready: { readonly ms: number }
  /** A stroke, undo or redo is finished: runs of new values. */
  readonly delta: { readonly runs: readonly number[] }
  readonly length: SavedLength
  readonly 'length-removed': { readonly id: string }
  readonly comment: { readonly pointMm: Point; readonly sopInstanceUid: string }
  readonly slice: { readonly index: number; readonly count: number }
  /** Centre and width of the axial plane's window, HU. */
  readonly window: { readonly center: number; readonly width: number }
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
  /** How much of the image a segment covers, 0 to 1. */
  readonly setSegmentationOpacity: (opacity: number) => void
  readonly undo: () => void
  readonly redo: () => void
  readonly jumpTo: (pointMm: Point) => void
  readonly showPins: (pins: readonly Pin[]) => void
  /** A copy, in the geometry's order. */
  readonly labelmap: () => Uint8Array
  readonly destroy: () => void
}

export interface ReadingOptions {
  readonly elements: Readonly<Record<Plane, HTMLDivElement>>
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
const VOLUME = 'cornerstoneStreamingImageVolume:pandok'
const SEGMENTATION = 'pandok-segmentation'
const ORIENTATIONS = {
  axial: Enums.OrientationAxis.AXIAL,
  coronal: Enums.OrientationAxis.CORONAL,
  sagittal: Enums.OrientationAxis.SAGITTAL,
} as const
/** Between two drawings of a volume that is still coming in. */
const REDRAW_MS = 1000
export const START_OPACITY = 0.5

let isInitialised = false
let currentToken: () => Promise<string> = () => Promise.resolve('')

/** IMAGING_NO_WEBGL when the browser cannot draw volumes. */
export async function createReadingEngine(options: ReadingOptions): Promise<ReadingEngine> {
  const started = performance.now()
  if (document.createElement('canvas').getContext('webgl2') === null) {
    throw new Error('IMAGING_NO_WEBGL')
  }
  currentToken = options.getToken
  if (!isInitialised) initialise()
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
      defaultOptions: { orientation: ORIENTATIONS[plane], background: [0, 0, 0] },
    })),
  )
  const volume = await volumeLoader.createAndCacheVolume(VOLUME, { imageIds })
  await setVolumesForViewports(engine, [{ volumeId: VOLUME }], [...PLANES])

  const loaded = new Set<string>()
  listen(
    cleanups,
    eventTarget,
    Enums.Events.IMAGE_LOADED,
    (event: CustomEvent<{ image: { imageId: string } }>) => {
      loaded.add(event.detail.image.imageId)
      emit('progress', { loaded: loaded.size, total: imageIds.length })
    },
  )
  let isShown = false
  listen(cleanups, elements.axial, Enums.Events.IMAGE_RENDERED, () => {
    // An empty volume is drawn too: what counts is the slice that is looked at.
    if (isShown || !isLookedAtLoaded()) return
    isShown = true
    emit('ready', { ms: Math.round(performance.now() - started) })
  })
  let drawn = 0
  listen(cleanups, eventTarget, Enums.Events.IMAGE_VOLUME_MODIFIED, () => {
    // Drawing costs more than loading: once for the first look, then when a while has passed.
    const isFirst = drawn === 0 && isLookedAtLoaded()
    if (!isFirst && performance.now() - drawn < REDRAW_MS) return
    drawn = performance.now()
    if (isFirst) engine.renderViewports(['axial'])
    else engine.render()
  })
  const whole = new Promise<void>((resolve) => {
    listen(cleanups, eventTarget, Enums.Events.IMAGE_VOLUME_LOADING_COMPLETED, () => {
      emit('progress', { loaded: imageIds.length, total: imageIds.length })
      resolve()
    })
  })
  loadFromTheMiddle(volume)
  setWindow('lung')
  engine.render()
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
  setOpacity(START_OPACITY)
  announce([...oursOf.keys()])

  const group = createTools(options.isReadOnly)
  cleanups.push(() => {
    ToolGroupManager.destroyToolGroup(GROUP)
  })
  for (const plane of PLANES) group.addViewport(plane, ENGINE)
  for (const saved of options.lengths) restoreLength(saved, geometry, elements.axial)

  const history = createHistory()
  const touched = new Set<number>()
  let isPressed = false
  const endStroke = () => {
    // After Cornerstone's own listeners have written the last dab.
    setTimeout(finishStroke, 0)
  }
  listen(
    cleanups,
    eventTarget,
    ToolEnums.Events.SEGMENTATION_DATA_MODIFIED,
    (event: CustomEvent<{ modifiedSlicesToUse?: number[] }>) => {
      const slices = event.detail.modifiedSlicesToUse ?? [...oursOf.keys()]
      for (const k of slices) touched.add(k)
      // A click alone is painted after the button is up again.
      if (!isPressed) endStroke()
    },
  )
  let tool: Tool = 'window-level'
  for (const plane of PLANES) {
    const element = elements[plane]
    let dragged: number | undefined
    listen(cleanups, element, Enums.Events.IMAGE_RENDERED, () => {
      if (dragged === undefined) return
      emit('frame', { ms: performance.now() - dragged })
      dragged = undefined
    })
    const isPainting = () => tool === 'brush' || tool === 'eraser'
    const onMove = (event: MouseEvent) => {
      if (event.buttons !== 1) return
      if (tool === 'crosshair') followCrosshair(plane, event)
      if (isPainting()) dragged ??= performance.now()
    }
    const onClick = (event: MouseEvent) => {
      if (tool === 'comment') placeComment(plane, event)
    }
    const onDown = (event: MouseEvent) => {
      if (event.button !== 0 || (tool !== 'crosshair' && tool !== 'comment')) return
      // Cornerstone may hold a press back and give it to the tool that is chosen next.
      event.stopImmediatePropagation()
      if (tool === 'crosshair') followCrosshair(plane, event)
    }
    // Cornerstone swallows every key pressed on an image that has the focus; the commands need them.
    const onFocus = () => {
      element.blur()
    }
    element.addEventListener('focus', onFocus)
    element.addEventListener('mousedown', onDown, { capture: true })
    element.addEventListener('mousemove', onMove)
    element.addEventListener('click', onClick)
    const onMenu = (event: Event) => {
      event.preventDefault()
    }
    element.addEventListener('contextmenu', onMenu)
    cleanups.push(() => {
      element.removeEventListener('focus', onFocus)
      element.removeEventListener('mousedown', onDown, { capture: true })
      element.removeEventListener('mousemove', onMove)
      element.removeEventListener('click', onClick)
      element.removeEventListener('contextmenu', onMenu)
    })
  }
  const onPress = () => {
    isPressed = true
  }
  const onLift = () => {
    isPressed = false
    endStroke()
  }
  window.addEventListener('mousedown', onPress, { capture: true })
  window.addEventListener('mouseup', onLift)
  cleanups.push(() => {
    window.removeEventListener('mousedown', onPress, { capture: true })
    window.removeEventListener('mouseup', onLift)
  })

  const tellLength = (event: CustomEvent<{ annotation: LengthAnnotation }>) => {
    const { annotation } = event.detail
    const [a, b] = annotation.data.handles.points
    if (annotation.metadata.toolName !== LENGTH || !a || !b) return
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

  let pins: readonly Pin[] = []
  const overlays = PLANES.map((plane) =>
    createPlaneOverlay(plane, elements[plane], viewportOf, geometry.sliceSpacingMm / 2 + 0.01),
  )
  let overlayFrame = 0
  // One picture after all three have moved.
  const drawOverlays = () => {
    cancelAnimationFrame(overlayFrame)
    overlayFrame = requestAnimationFrame(() => {
      for (const overlay of overlays) overlay.draw(pins)
    })
  }
  cleanups.push(() => {
    cancelAnimationFrame(overlayFrame)
    for (const overlay of overlays) overlay.destroy()
  })
  for (const plane of PLANES) {
    listen(cleanups, elements[plane], Enums.Events.IMAGE_RENDERED, drawOverlays)
  }
  listen(cleanups, elements.axial, Enums.Events.IMAGE_RENDERED, tellSlice)
  listen(
    cleanups,
    elements.axial,
    Enums.Events.VOI_MODIFIED,
    (event: CustomEvent<{ range: { lower: number; upper: number } }>) => {
      tellWindow(event.detail.range)
    },
  )
  const resized = new ResizeObserver(() => {
    engine.resize(true, true)
  })
  for (const plane of PLANES) resized.observe(elements[plane])
  cleanups.push(() => {
    resized.disconnect()
  })
  const shownRange = viewportOf('axial').getProperties()?.voiRange
  if (shownRange !== undefined) tellWindow(shownRange)
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
    setSegmentationOpacity: setOpacity,
    undo: () => {
      write(history.undo())
    },
    redo: () => {
      write(history.redo())
    },
    jumpTo: (pointMm) => {
      for (const plane of PLANES) centreOn(viewportOf(plane), pointMm)
    },
    showPins: (next) => {
      pins = next
      drawOverlays()
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

  function viewportOf(plane: Plane): Types.IVolumeViewport {
    return engine.getViewport<Types.IVolumeViewport>(plane)
  }

  function isLookedAtLoaded(): boolean {
    const { focalPoint } = viewportOf('axial').getCamera()
    if (focalPoint === undefined) return false
    return loaded.has(imageIdOf(geometry, nearestSop(geometry, focalPoint)))
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

  function setOpacity(opacity: number): void {
    segmentation.config.style.setStyle(
      { type: ToolEnums.SegmentationRepresentations.Labelmap },
      { fillAlpha: opacity, fillAlphaInactive: opacity, renderOutline: false },
    )
    for (const plane of PLANES) viewportOf(plane).render()
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

  function pointUnder(plane: Plane, event: MouseEvent): Point {
    const box = elements[plane].getBoundingClientRect()
    const [x, y, z] = viewportOf(plane).canvasToWorld([
      event.clientX - box.left,
      event.clientY - box.top,
    ])
    return [x, y, z]
  }

  function tellWindow({ lower, upper }: { lower: number; upper: number }): void {
    emit('window', { center: Math.round((lower + upper) / 2), width: Math.round(upper - lower) })
  }

  function placeComment(plane: Plane, event: MouseEvent): void {
    const pointMm = pointUnder(plane, event)
    emit('comment', { pointMm, sopInstanceUid: nearestSop(geometry, pointMm) })
  }

  /** The other planes go where the hand is. */
  function followCrosshair(plane: Plane, event: MouseEvent): void {
    const pointMm = nearestInside(geometry, pointUnder(plane, event))
    for (const other of PLANES) {
      if (other !== plane) centreOn(viewportOf(other), pointMm)
    }
  }
}

function initialise(): void {
  initCore()
  initTools()
  initLoader({
    maxWebWorkers: 1,
    beforeSend: async () => ({ authorization: `Bearer ${await currentToken()}` }),
  })
  registerTools()
  isInitialised = true
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
        toolName: LENGTH,
        FrameOfReferenceUID: geometry.frameOfReferenceUid,
        viewPlaneNormal: normal,
        viewUp: [0, -1, 0],
        referencedImageId: imageIdOf(geometry, saved.sopInstanceUid),
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

interface StreamingVolume {
  autoRenderOnLoad: boolean
  getImageLoadRequests: (priority: number) => { imageIdIndex: number }[]
  load: () => void
}

/** The slice that is shown first comes first, its neighbours next. */
function loadFromTheMiddle(volume: object): void {
  const isStreaming = (given: object): given is StreamingVolume =>
    'getImageLoadRequests' in given && 'load' in given
  if (!isStreaming(volume)) throw new Error('IMAGING_VOLUME')
  volume.autoRenderOnLoad = false
  const inOrder = volume.getImageLoadRequests.bind(volume)
  volume.getImageLoadRequests = (priority) => {
    const requests = inOrder(priority)
    const middle = Math.floor(requests.length / 2)
    const distance = (index: number) => Math.abs(index - middle)
    return requests.toSorted((a, b) => distance(a.imageIdIndex) - distance(b.imageIdIndex))
  }
  volume.load()
}

/** Moves the camera so that the plane goes through the point. */
function centreOn(viewport: Types.IVolumeViewport, pointMm: Point): void {
  const { focalPoint, position, viewPlaneNormal } = viewport.getCamera()
  if (focalPoint === undefined || position === undefined || viewPlaneNormal === undefined) return
  const normal: Point = [viewPlaneNormal[0], viewPlaneNormal[1], viewPlaneNormal[2]]
  const by = along(normal, pointMm) - along(normal, focalPoint)
  viewport.setCamera({
    focalPoint: moved(focalPoint, normal, by),
    position: moved(position, normal, by),
  })
  viewport.render()
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
