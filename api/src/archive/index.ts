export { archiveRoutes } from './routes.ts'
export { type ArchivedInstance, createArchiveService } from './service.ts'
export { STORE_UPLOAD, storeUploadJob } from './store-upload.ts'
