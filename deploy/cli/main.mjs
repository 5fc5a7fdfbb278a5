/** Where `pandok` starts, in plain JavaScript: so that main.ts is compiled once too. */
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'

// Within the installation, where nobody else writes.
enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/pandok'))
// Otherwise what is garbage stays until the heap is ten times what is in use: 100,000 files, 200 MiB.
setFlagsFromString('--memory-saver-mode')
await import('./main.ts')
