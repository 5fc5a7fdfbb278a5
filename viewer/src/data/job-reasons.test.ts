import { expect, test } from 'vitest'
import { helpFor, reasonWords } from './job-reasons.ts'

test.each([
  ['ENOSPC', 'DISK_FULL', 'space'],
  ['STORAGE_FULL', 'DISK_FULL', 'space'],
  ['53100', 'DISK_FULL', 'space'],
  ['53300', 'DATABASE', 'again'],
  ['57P01', 'DATABASE', 'again'],
  ['ECONNREFUSED', 'CONNECTION', 'again'],
  ['ENOMEM', 'MEMORY', 'memory'],
  ['BLOB_DAMAGED', 'BLOB_DAMAGED', 'operator'],
  ['PEER_FAILED', 'PEER_FAILED', 'peer'],
  ['JOB_WORKER_DIED', 'JOB_WORKER_DIED', 'memory'],
  ['JOB_CANCELLED', 'JOB_CANCELLED', undefined],
  ['Error', 'OTHER', 'unknown'],
  ['toString', 'OTHER', 'unknown'],
] as const)('reason %s is said as %s, and helped by %s', (code, words, help) => {
  expect([reasonWords(code), helpFor(code)]).toEqual([words, help])
})
