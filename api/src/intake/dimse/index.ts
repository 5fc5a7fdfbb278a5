export { createReceivers, receiverRoutes } from './receivers.ts'
export { createDimseServer } from './server.ts'
