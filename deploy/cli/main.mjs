/** Where `pandok` starts, in plain JavaScript: so that main.ts is compiled once too. */
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Within the installation, where nobody else writes.
enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/pandok'))
await import('./main.ts')
