/** What is used of @ohif/core, which publishes no types of its own build (docs/decisions/0002). */
declare module '@ohif/core' {
  interface CommandDefinition {
    commandFn: (options: Record<string, unknown>) => void
  }
  interface HotkeyDefinition {
    commandName: string
    commandOptions: Record<string, unknown>
    context: string
    keys: readonly string[]
    label: string
  }
  export class CommandsManager {
    createContext(context: string): void
    registerCommand(context: string, name: string, definition: CommandDefinition): void
    runCommand(name: string, options?: Record<string, unknown>, context?: string): unknown
    clearContext(context: string): void
  }
  export class HotkeysManager {
    constructor(commands: CommandsManager, services: { services: object })
    setDefaultHotKeys(definitions: readonly HotkeyDefinition[]): void
    destroy(): void
  }
}
