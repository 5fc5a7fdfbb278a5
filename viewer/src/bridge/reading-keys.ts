/** The keys of the reading page, for its command bus and for the sheet that `?` opens. */
import type { KeyBinding, Plane, Tool, WindowPreset } from '../imaging/index.ts'

type Nothing = Readonly<Record<string, never>>

/** What a reader can do, with what each command needs to know. */
export interface ReadingCommands {
  readonly setTool: { readonly tool: Tool }
  readonly setWindow: { readonly preset: WindowPreset }
  readonly changeRadius: { readonly by: number }
  readonly toggleSegmentation: Nothing
  readonly maximise: { readonly plane: Plane }
  readonly undo: Nothing
  readonly redo: Nothing
}
export type ReadingCommand = keyof ReadingCommands

function bind<Command extends ReadingCommand>(
  keys: string,
  command: Command,
  options: ReadingCommands[Command],
): KeyBinding {
  return { command, options: { ...options }, keys: keys.split(' ') }
}

const LOOKING: readonly KeyBinding[] = [
  bind('w', 'setTool', { tool: 'window-level' }),
  bind('p', 'setTool', { tool: 'pan' }),
  bind('x', 'setTool', { tool: 'crosshair' }),
  bind('1', 'setWindow', { preset: 'lung' }),
  bind('2', 'setWindow', { preset: 'mediastinum' }),
  bind('3', 'setWindow', { preset: 'bone' }),
  bind('7', 'maximise', { plane: 'axial' }),
  bind('8', 'maximise', { plane: 'coronal' }),
  bind('9', 'maximise', { plane: 'sagittal' }),
  bind('v', 'toggleSegmentation', {}),
]
const EDITING: readonly KeyBinding[] = [
  bind('b', 'setTool', { tool: 'brush' }),
  bind('e', 'setTool', { tool: 'eraser' }),
  bind('m', 'setTool', { tool: 'length' }),
  bind('[', 'changeRadius', { by: -1 }),
  bind(']', 'changeRadius', { by: 1 }),
  bind('mod z', 'undo', {}),
  bind('mod y', 'redo', {}),
  bind('mod shift z', 'redo', {}),
]
const REVIEWING: readonly KeyBinding[] = [bind('c', 'setTool', { tool: 'comment' })]

export const READING_KEYS = { looking: LOOKING, editing: EDITING, reviewing: REVIEWING } as const

/** What may be done with a task: keys that would do nothing are not taken. */
export function keysFor(canEdit: boolean): readonly KeyBinding[] {
  return [...LOOKING, ...(canEdit ? EDITING : REVIEWING)]
}

/** The key that does it, to be shown beside its button; undefined when there is none. */
export function keyOf<Command extends ReadingCommand>(
  command: Command,
  options: ReadingCommands[Command],
): string | undefined {
  const wanted = JSON.stringify(options)
  const found = [...LOOKING, ...EDITING, ...REVIEWING].find(
    (binding) => binding.command === command && JSON.stringify(binding.options) === wanted,
  )
  return found?.keys.join('+')
}

/** The name of what a binding does, among the strings of the pages. */
export function labelOf({ command, options }: KeyBinding) {
  switch (command) {
    case 'setTool':
      return `reading.tools.${options['tool'] as Tool}` as const
    case 'setWindow':
      return `reading.presets.${options['preset'] as WindowPreset}` as const
    case 'maximise':
      return `reading.${options['plane'] as Plane}` as const
    case 'toggleSegmentation':
      return 'reading.show'
    case 'changeRadius':
      return 'keys.radius'
    default:
      return command === 'undo' ? 'reading.undo' : 'reading.redo'
  }
}
