#!/usr/bin/env node
/** `npx pandok …`: plain JavaScript that hands over to the pinned Node (see deploy/local). */
import { realpathSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const self = realpathSync(process.argv[1])
// `phantom` is a program of its own there; everything else is a subcommand of cli/main.ts.
if (process.argv[2] !== 'phantom') process.argv.splice(2, 0, 'cli')
await import(new URL('../local/bootstrap.mjs', pathToFileURL(self)))
