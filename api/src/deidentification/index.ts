export { CHECK_UPLOAD, checkUploadJob } from './check-upload.ts'
export { deidentificationRoutes } from './routes.ts'
export { createDeidentificationService } from './service.ts'
