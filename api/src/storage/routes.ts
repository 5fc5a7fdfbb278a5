import type { Handlers } from '../platform/http/handler.ts'
import type { StorageService } from './service.ts'

export function storageRoutes(storage: StorageService): Pick<Handlers, 'getStorageHealth'> {
  return { getStorageHealth: () => storage.health() }
}
