/**
 * Loaded before each of our processes (`node --import`): when the launcher is gone, the process gets
 * SIGTERM. It hears of the loss even while it is starting, when its own handlers are not there yet:
 * then the signal ends it at once.
 */
process.once('disconnect', () => {
  process.kill(process.pid, 'SIGTERM')
})
