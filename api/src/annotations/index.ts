export { annotationRoutes } from './routes.ts'
export {
  createAnnotationService,
  isInstanceOfCase,
  latestSegmentationRevision,
  segmentationAt,
} from './service.ts'
