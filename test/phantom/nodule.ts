/**
 * A nodule as a signed distance: a slightly lobed ball and, when spiculated, thin spikes that run
 * out into the lung as tumours' do.
 */
import { createRandom } from './random.ts'
import { type Around, type Point, type Tube, tubeDistance } from './shapes.ts'
import { unit } from './trees.ts'

export interface Nodule {
  /** LPS. */
  readonly centreMm: Point
  readonly radiusMm: number
  /** Length of the spikes as a part of the radius: 0 is a smooth ball. */
  readonly spiculation: number
  /** Segment number of the truth mask. */
  readonly segment: number
}

export interface NoduleShape {
  readonly distance: (x: number, y: number, z: number) => number
  /** Where the slice at z has to be looked at; undefined when the nodule does not reach it. */
  readonly around: (z: number) => Around | undefined
}

const SPIKES = 26
const LOBES = 0.07

export function shapeOf({ centreMm, radiusMm, spiculation }: Nodule, seed: number): NoduleShape {
  const [cx, cy, cz] = centreMm
  const random = createRandom(seed ^ 0x51b7)
  const spikes = spiculation > 0 ? spikesOf(centreMm, radiusMm, spiculation, random) : []
  const phase = random() * 6
  const lobes = spiculation > 0 ? LOBES * radiusMm : 0
  const outer = radiusMm * (1 + Math.max(spiculation, 0)) + lobes + 2
  return {
    distance: (x, y, z) => {
      const [dx, dy, dz] = [x - cx, y - cy, z - cz]
      const length = Math.sqrt(dx * dx + dy * dy + dz * dz)
      let nearest = length - radiusMm
      if (lobes > 0 && length > 0) {
        const wave = Math.sin((3.1 * dx) / length + phase) * Math.sin((3.7 * dy) / length - phase)
        nearest -= lobes * (wave + Math.sin((4.3 * dz) / length + phase))
      }
      for (const spike of spikes) nearest = Math.min(nearest, tubeDistance(spike, x, y, z))
      return nearest
    },
    around: (z) => (Math.abs(z - cz) > outer ? undefined : { x: cx, y: cy, reach: outer }),
  }
}

function spikesOf(
  [cx, cy, cz]: Point,
  radiusMm: number,
  spiculation: number,
  random: () => number,
): Tube[] {
  return Array.from({ length: SPIKES }, (_, spike) => {
    // Evenly over the sphere, then shaken.
    const up = 1 - (2 * (spike + 0.5)) / SPIKES + 0.12 * (random() - 0.5)
    const turn = spike * 2.4 + 0.5 * random()
    const flat = Math.sqrt(Math.max(0, 1 - up * up))
    const [dx, dy, dz] = unit([flat * Math.cos(turn), flat * Math.sin(turn), up])
    const length = radiusMm * (1 + spiculation * (0.5 + 0.5 * random()))
    const at = (part: number): Point => [cx + dx * part, cy + dy * part, cz + dz * part]
    return {
      from: at(radiusMm * 0.75),
      to: at(length),
      fromRadius: radiusMm * 0.24,
      toRadius: 0.7,
    }
  })
}
