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

const CORNERSTONE = ['core', 'tools', 'metadata', 'utils', 'dicom-image-loader'].map(
  (name) => `@cornerstonejs/${name}`,
)
/** CommonJS under Cornerstone's packages, named through their importer. */
const LEAVES = [
  '@cornerstonejs/tools > lodash.get',
  '@cornerstonejs/tools > clipper2-ts',
  '@cornerstonejs/utils > dcmjs',
  '@cornerstonejs/metadata > dcmjs',
  '@cornerstonejs/metadata > @cornerstonejs/calculate-suv',
  '@cornerstonejs/dicom-image-loader > pako',
  '@cornerstonejs/dicom-image-loader > @cornerstonejs/jpeg-lossless-decoder-js',
  ...['charls', 'libjpeg-turbo-8bit', 'libjxl', 'openjpeg'].map(
    (codec) => `@cornerstonejs/dicom-image-loader > @cornerstonejs/codec-${codec}/decodewasmjs`,
  ),
  '@cornerstonejs/dicom-image-loader > @cornerstonejs/codec-openjph/wasmjs',
  ...[
    'd3-scale',
    'fast-deep-equal',
    'fflate',
    'seedrandom',
    'spark-md5',
    'webworker-promise',
    'xmlbuilder2',
  ].map((name) => `@kitware/vtk.js > ${name}`),
]

export default defineConfig({
  plugins: [react(), pressesAtOnce],
  resolve: { alias: [{ find: /^@ohif\/core$/, replacement: ohifCore }] },
  worker: { format: 'es' },
  // The development server only. Cornerstone's packages must stay as they are (bundled, their
  // workers and their shared metadata break in two); what they import as CommonJS must not.
  optimizeDeps: {
    exclude: CORNERSTONE,
    include: [
      'dicom-parser',
      'events',
      'cornerstone-core',
      '@cornerstonejs/core > gl-matrix',
      '@cornerstonejs/core > comlink',
      '@cornerstonejs/core > loglevel',
      '@ohif/core/dist/ohif-core.umd.js',
      ...LEAVES,
    ],
  },
  build: { outDir: 'dist', chunkSizeWarningLimit: 6000 },
  server: { proxy: { '/api': api, '/dicomweb': api } },
})
