/** The command bus for as long as a page is open; its commands always see the latest state. */
import { useEffect, useEffectEvent, useRef } from 'react'
import { type CommandBus, createCommandBus } from '../imaging/index.ts'
import { keysFor, type ReadingCommand, type ReadingCommands } from './reading-keys.ts'

type Acts = { readonly [Command in ReadingCommand]: (options: ReadingCommands[Command]) => void }
type Run = <Command extends ReadingCommand>(
  command: Command,
  options: ReadingCommands[Command],
) => void

export function useCommands(canEdit: boolean, acts: Acts): Run {
  const bus = useRef<CommandBus>(undefined)
  const act = useEffectEvent((command: ReadingCommand, options: Record<string, unknown>) => {
    // The bus passes on what its callers gave, and they are typed.
    ;(acts[command] as (given: Record<string, unknown>) => void)(options)
  })
  useEffect(() => {
    const names = Object.keys(COMMANDS) as ReadingCommand[]
    const made = createCommandBus(
      Object.fromEntries(
        names.map((name) => [
          name,
          (options: Record<string, unknown>) => {
            act(name, options)
          },
        ]),
      ),
      keysFor(canEdit),
    )
    bus.current = made
    return () => {
      made.destroy()
    }
  }, [canEdit])
  return (command, options) => {
    bus.current?.run(command, { ...options })
  }
}

/** Held complete by the compiler. */
const COMMANDS: Readonly<Record<ReadingCommand, true>> = {
  setTool: true,
  setWindow: true,
  changeRadius: true,
  toggleSegmentation: true,
  maximise: true,
  undo: true,
  redo: true,
}
