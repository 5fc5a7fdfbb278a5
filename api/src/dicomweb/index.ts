export { dicomwebRoutes } from './routes.ts'
export { createDicomwebService, type DicomwebService } from './service.ts'
