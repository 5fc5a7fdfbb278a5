import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const api = process.env['PANDOK_API'] ?? 'http://127.0.0.1:8042'
/** The one file that @ohif/core ships; its package.json points at sources that it does not. */
const ohifCore = fileURLToPath(import.meta.resolve('@ohif/core/dist/ohif-core.umd.js'))

/**
 * Cornerstone holds every press of the left button back for 400 ms, in case a second click follows,
 * and drops that one: dabs of a brush come late or get lost. Nothing here is double-clicked.
 */
const pressesAtOnce: Plugin = {
  name: 'presses-at-once',
  transform(code, id) {
    if (!id.endsWith('eventListeners/mouse/mouseDownListener.js')) return undefined
    const changed = code.replace('DOUBLE_CLICK_TOLERANCE_MS = 400', 'DOUBLE_CLICK_TOLERANCE_MS = 0')
    if (changed === code)
      throw new Error('Cornerstone no longer waits for a second click like this')
    return { code: changed, map: null }
  },
}

export default defineConfig({
  plugins: [react(), pressesAtOnce],
  resolve: { alias: [{ find: /^@ohif\/core$/, replacement: ohifCore }] },
  worker: { format: 'es' },
  build: { outDir: 'dist', chunkSizeWarningLimit: 6000 },
  server: { proxy: { '/api': api, '/dicomweb': api } },
})
