/** Where a command speaks. */
export interface CliIo {
  readonly out: (text: string) => void
  readonly error: (text: string) => void
  /** Names of files are shown on a person's own screen only. */
  readonly isTerminal?: boolean
}
