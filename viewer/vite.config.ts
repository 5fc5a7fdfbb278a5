import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const api = process.env['PANDOK_API'] ?? 'http://127.0.0.1:8042'
/** The one file that @ohif/core ships; its package.json points at sources that it does not. */
const ohifCore = fileURLToPath(import.meta.resolve('@ohif/core/dist/ohif-core.umd.js'))

export default defineConfig({
  plugins: [react()],
  resolve: { alias: [{ find: /^@ohif\/core$/, replacement: ohifCore }] },
  worker: { format: 'es' },
  build: { outDir: 'dist', chunkSizeWarningLimit: 6000 },
  server: { proxy: { '/api': api, '/dicomweb': api } },
})
