export { stowRoutes } from './routes.ts'
export { createStow } from './service.ts'
