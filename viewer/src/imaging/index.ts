/** The imaging engine's door. Nothing outside this folder knows Cornerstone. */
export {
  createReadingEngine,
  type EngineEvents,
  type ReadingEngine,
  type SavedLength,
  type Tool,
  WINDOW_PRESETS,
  type WindowPreset,
} from './reading-engine.ts'
