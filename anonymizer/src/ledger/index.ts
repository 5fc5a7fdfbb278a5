/**
 * The ledger of what was de-identified for whom: pure, so that the command and the server write the
 * same chain.
 */
export {
  anchorOf,
  type LedgerFault,
  type LedgerFaultCode,
  lineOf,
  nextEntry,
  verifyLedger,
} from './chain.ts'
export {
  type Entry,
  type Fact,
  type FactOf,
  LedgerError,
  PURPOSES,
  parseEntry,
} from './entry.ts'
export { type Holding, holdingsOf, keepUntil, yearsLater } from './holdings.ts'
export { createSigner, keyFingerprint, type LedgerSigner } from './signer.ts'
