export { workflowRoutes } from './routes.ts'
export {
  createWorkflowService,
  finishTask,
  holdTask,
  openCase,
  type WorkflowService,
} from './service.ts'
export { annotateTaskId } from './store.ts'
