/** The care of stored bytes: read again in the background, freed of what nobody needs. */
export type { BlobNeeds } from './orphans.ts'
export { storageRoutes } from './routes.ts'
export { createStorageService } from './service.ts'
