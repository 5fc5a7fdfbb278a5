export { annotationRoutes } from './routes.ts'
export {
  type AnnotationService,
  createAnnotationService,
  isInstanceOfCase,
  latestSegmentationRevision,
  segmentationAt,
} from './service.ts'
