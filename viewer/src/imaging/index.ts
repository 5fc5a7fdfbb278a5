/** The imaging engine's door. Nothing outside this folder knows Cornerstone or OHIF. */
export { type CommandBus, createCommandBus, type KeyBinding } from './command-bus.ts'
export { PLANES, type Plane } from './plane-overlay.ts'
export {
  createReadingEngine,
  type EngineEvents,
  type ReadingEngine,
  type SavedLength,
  START_OPACITY,
  WINDOW_PRESETS,
  type WindowPreset,
} from './reading-engine.ts'
export type { Tool } from './reading-tools.ts'
