/**
 * One bus for whatever a reader can do: toolbar, keys and tests name a command and its options, and
 * the commands are registered once. OHIF's managers do the work (docs/decisions/0002).
 */
import { CommandsManager, HotkeysManager } from '@ohif/core'

type Options = Readonly<Record<string, string | number | boolean>>

export interface KeyBinding {
  readonly command: string
  readonly options: Options
  /** Pressed together; `mod` is Ctrl, or Command on a Mac. */
  readonly keys: readonly string[]
}

export interface CommandBus {
  readonly run: (command: string, options: Options) => void
  readonly destroy: () => void
}

const CONTEXT = 'READING'

/** Keys rest while somebody types (OHIF sees to it) or answers a dialog. */
export function createCommandBus(
  commands: Readonly<Record<string, (options: Record<string, unknown>) => void>>,
  keys: readonly KeyBinding[],
): CommandBus {
  const manager = new CommandsManager()
  manager.createContext(CONTEXT)
  for (const [name, act] of Object.entries(commands)) {
    manager.registerCommand(CONTEXT, name, {
      commandFn: (options) => {
        const isByKey = 'evt' in options
        if (isByKey && document.querySelector('dialog[open]') !== null) return
        act(options)
      },
    })
  }
  const hotkeys = new HotkeysManager(manager, { services: {} })
  hotkeys.setDefaultHotKeys(
    keys.map((binding) => ({
      commandName: binding.command,
      commandOptions: binding.options,
      context: CONTEXT,
      keys: binding.keys,
      label: binding.command,
    })),
  )
  return {
    run: (command, options) => {
      manager.runCommand(command, options, CONTEXT)
    },
    destroy: () => {
      hotkeys.destroy()
      manager.clearContext(CONTEXT)
    },
  }
}
