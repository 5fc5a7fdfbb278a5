/** What the mouse does: Cornerstone's tools in one group, the left button's chosen by the reader. */
import {
  addTool,
  BrushTool,
  LengthTool,
  PanTool,
  StackScrollTool,
  Enums as ToolEnums,
  ToolGroupManager,
  WindowLevelTool,
  ZoomTool,
} from '@cornerstonejs/tools'

export type Tool = 'window-level' | 'brush' | 'eraser' | 'length' | 'pan' | 'crosshair' | 'comment'

export const GROUP = 'pandok-tools'
const BRUSH = 'Brush'
const ERASER = 'Eraser'
/** Cornerstone types its tools' names as any. */
const NAMES = {
  windowLevel: String(WindowLevelTool.toolName),
  pan: String(PanTool.toolName),
  zoom: String(ZoomTool.toolName),
  scroll: String(StackScrollTool.toolName),
  brush: String(BrushTool.toolName),
} as const
export const LENGTH = LengthTool.toolName

/** Once per page, after Cornerstone's tools are initialised. */
export function registerTools(): void {
  for (const each of [WindowLevelTool, PanTool, ZoomTool, StackScrollTool, BrushTool, LengthTool]) {
    addTool(each)
  }
}

export function createTools(isReadOnly: boolean) {
  const group = ToolGroupManager.createToolGroup(GROUP)
  if (group === undefined) throw new Error('IMAGING_TOOLS')
  for (const name of [NAMES.windowLevel, NAMES.pan, NAMES.zoom, NAMES.scroll, LENGTH]) {
    group.addTool(name)
  }
  group.addToolInstance(BRUSH, NAMES.brush, { activeStrategy: 'FILL_INSIDE_CIRCLE' })
  group.addToolInstance(ERASER, NAMES.brush, { activeStrategy: 'ERASE_INSIDE_CIRCLE' })
  const { MouseBindings } = ToolEnums
  group.setToolActive(NAMES.pan, { bindings: [{ mouseButton: MouseBindings.Auxiliary }] })
  group.setToolActive(NAMES.zoom, { bindings: [{ mouseButton: MouseBindings.Secondary }] })
  group.setToolActive(NAMES.scroll, { bindings: [{ mouseButton: MouseBindings.Wheel }] })
  group.setToolActive(NAMES.windowLevel, { bindings: [{ mouseButton: MouseBindings.Primary }] })
  if (isReadOnly) group.setToolEnabled(LENGTH)
  else group.setToolPassive(LENGTH)
  return group
}

/** The left button's tool; the others keep theirs. Crosshair and comment are the engine's own. */
export function activate(tool: Tool): void {
  const group = ToolGroupManager.getToolGroup(GROUP)
  if (group === undefined) return
  const names: Partial<Record<Tool, string>> = {
    'window-level': NAMES.windowLevel,
    brush: BRUSH,
    eraser: ERASER,
    length: LENGTH,
  }
  const primary = [{ mouseButton: ToolEnums.MouseBindings.Primary }]
  for (const name of [NAMES.windowLevel, LENGTH]) group.setToolPassive(name)
  for (const name of [BRUSH, ERASER]) group.setToolDisabled(name)
  const auxiliary = { mouseButton: ToolEnums.MouseBindings.Auxiliary }
  group.setToolPassive(NAMES.pan, { removeAllBindings: true })
  group.setToolActive(NAMES.pan, {
    bindings: tool === 'pan' ? [...primary, auxiliary] : [auxiliary],
  })
  const name = names[tool]
  if (name !== undefined) group.setToolActive(name, { bindings: primary })
}
