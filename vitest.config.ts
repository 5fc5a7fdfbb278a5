/**
 * Five kinds of tests, told by place and name: unit; database (`*.db.test.ts`, on one throwaway
 * PostgreSQL); conformance (judged by outside programs); e2e (whole installations, one at a time);
 * faults (installations that are killed, starved and attacked; PANDOK_FAULTS=long for their long form).
 */
import { defineConfig } from 'vitest/config'

const EVERYWHERE = '{anonymizer,api,viewer,deploy,test}/**/*.test.{ts,tsx}'
const DATABASE = '{api,deploy}/**/*.db.test.ts'
const CONFORMANCE = 'test/conformance/**/*.test.ts'
const E2E = 'test/e2e/**/*.test.ts'
const FAULTS = 'test/faults/**/*.test.ts'
const NEVER = ['**/node_modules/**', '**/dist/**']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [EVERYWHERE],
          exclude: [...NEVER, DATABASE, CONFORMANCE, E2E, FAULTS],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'database',
          include: [DATABASE],
          exclude: NEVER,
          globalSetup: 'test/support/database-server.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'conformance',
          include: [CONFORMANCE],
          exclude: NEVER,
          testTimeout: 240_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        // Whole installations and browsers share two cores: files take turns.
        test: {
          name: 'e2e',
          include: [E2E],
          exclude: NEVER,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // A page on a busy machine; the one second of the default is for functions.
          expect: { poll: { timeout: 30_000 } },
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'faults',
          include: [FAULTS],
          exclude: NEVER,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 1,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
})
