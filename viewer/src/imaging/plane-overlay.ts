/**
 * What lies over one plane: the letters of its edges, where the other planes cut it, and numbered
 * pins. Drawn as HTML and SVG, so that it costs no WebGL and reads well at any pixel ratio.
 */
import type { Types } from '@cornerstonejs/core'
import { along, cross, moved, orientationLetters, type Point } from './patient-space.ts'

export const PLANES = ['axial', 'coronal', 'sagittal'] as const
export type Plane = (typeof PLANES)[number]

export interface Pin {
  readonly id: string
  readonly label: string
  readonly pointMm: Point
}

export interface PlaneOverlay {
  readonly draw: (pins: readonly Pin[]) => void
  readonly destroy: () => void
}

type Viewports = (plane: Plane) => Types.IVolumeViewport

const EDGES = ['left', 'right', 'top', 'bottom'] as const
const SVG = 'http://www.w3.org/2000/svg'
/** Longer than any body: the lines are cut off by the edge of the image. */
const REACH_MM = 4000

/** `pinReachMm`: how far from the plane a pin is still shown. */
export function createPlaneOverlay(
  plane: Plane,
  element: HTMLDivElement,
  viewportOf: Viewports,
  pinReachMm: number,
): PlaneOverlay {
  const layer = document.createElement('div')
  layer.className = 'overlay'
  const edges = EDGES.map((edge) => {
    const letters = document.createElement('span')
    letters.className = `edge ${edge}`
    layer.append(letters)
    return letters
  })
  const drawing = document.createElementNS(SVG, 'svg')
  const lines = PLANES.filter((other) => other !== plane).map((other) => {
    const line = document.createElementNS(SVG, 'line')
    line.setAttribute('class', other)
    drawing.append(line)
    return { other, line }
  })
  const pinLayer = document.createElement('div')
  layer.append(drawing, pinLayer)
  element.append(layer)

  return {
    draw: (pins) => {
      const viewport = viewportOf(plane)
      const camera = cameraOf(viewport)
      if (camera === undefined) return
      const right = cross(camera.up, camera.normal)
      const directions = [negated(right), right, camera.up, negated(camera.up)]
      for (const [at, letters] of edges.entries()) {
        letters.textContent = orientationLetters(directions[at] ?? right)
      }
      for (const { other, line } of lines) {
        const cut = cameraOf(viewportOf(other))
        if (cut === undefined) continue
        const direction = cross(camera.normal, cut.normal)
        const [x1, y1] = viewport.worldToCanvas(moved(cut.focus, direction, REACH_MM))
        const [x2, y2] = viewport.worldToCanvas(moved(cut.focus, direction, -REACH_MM))
        for (const [name, value] of Object.entries({ x1, y1, x2, y2 })) {
          line.setAttribute(name, String(value))
        }
      }
      const isNear = ({ pointMm }: Pin) =>
        Math.abs(along(camera.normal, pointMm) - along(camera.normal, camera.focus)) <= pinReachMm
      pinLayer.replaceChildren(
        ...pins.filter(isNear).map(({ label, pointMm }) => {
          const [x, y] = viewport.worldToCanvas(pointMm)
          const mark = document.createElement('span')
          mark.className = 'pin'
          mark.textContent = label
          mark.style.transform = `translate(${x}px, ${y}px)`
          return mark
        }),
      )
    },
    destroy: () => {
      layer.remove()
    },
  }
}

const negated = ([x, y, z]: Point): Point => [-x, -y, -z]

/** Unit vectors and the point looked at; `normal` points to the viewer's eye. */
function cameraOf(
  viewport: Types.IVolumeViewport,
): { focus: Point; normal: Point; up: Point } | undefined {
  const { focalPoint, viewPlaneNormal, viewUp } = viewport.getCamera()
  if (focalPoint === undefined || viewPlaneNormal === undefined || viewUp === undefined) {
    return undefined
  }
  const point = ([x, y, z]: Types.Point3): Point => [x, y, z]
  return { focus: point(focalPoint), normal: point(viewPlaneNormal), up: point(viewUp) }
}
