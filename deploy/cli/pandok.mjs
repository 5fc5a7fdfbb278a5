#!/usr/bin/env node
/** `npx pandok …`: plain JavaScript that hands over to the pinned Node (see deploy/local). */
import { realpathSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const self = realpathSync(process.argv[1])
process.argv.splice(2, 0, 'cli')
await import(new URL('../local/bootstrap.mjs', pathToFileURL(self)))
