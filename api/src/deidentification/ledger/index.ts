export { createEvidence } from './evidence.ts'
export { createLedger, type Ledger } from './ledger.ts'
export { ledgerRoutes } from './routes.ts'
