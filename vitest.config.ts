import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{anonymizer,api,viewer,deploy,test}/**/*.test.{ts,tsx}'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // Whole installations and browsers share two cores: files take turns.
    fileParallelism: false,
    testTimeout: 20_000,
    hookTimeout: 180_000,
  },
})
