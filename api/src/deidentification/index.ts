export { CHECK_UPLOAD, checkUploadJob } from './check-upload.ts'
export { deidentificationRoutes } from './routes.ts'
export {
  createDeidentificationService,
  type DeidentificationService,
  type ShiftDates,
} from './service.ts'
