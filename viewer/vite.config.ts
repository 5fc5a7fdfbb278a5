import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const api = process.env['PANDOK_API'] ?? 'http://127.0.0.1:8042'

export default defineConfig({
  plugins: [react()],
  worker: { format: 'es' },
  build: { outDir: 'dist', chunkSizeWarningLimit: 6000 },
  server: { proxy: { '/api': api, '/dicomweb': api } },
})
