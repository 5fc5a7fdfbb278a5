export { forgetDerived, forgetOldDerived } from './derived.ts'
export { createPixels } from './pixels.ts'
export { dicomwebRoutes } from './routes.ts'
export { createDicomwebService } from './service.ts'
