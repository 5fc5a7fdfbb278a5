/**
 * The command's door: the first child starts before the command itself is loaded, for both take the
 * same time.
 */
import { startChild } from './child.ts'
import type { CliIo } from './io.ts'

export async function runDeidentifyCli(args: readonly string[], io: CliIo): Promise<number> {
  const isRun = args.includes('--out') && !args.includes('--help')
  const first = isRun ? startChild() : undefined
  try {
    const { deidentifyCli } = await import('./cli.ts')
    return await deidentifyCli(args, io, first)
  } finally {
    // Still there when the command never came to use it.
    if (first?.connected === true) first.kill('SIGKILL')
  }
}
