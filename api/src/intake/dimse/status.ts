/** Statuses of C-STORE and of requests that cannot be served (PS3.7 C, PS3.4 table B.2-1). */
export const STATUS = {
  success: 0x0000,
  processingFailure: 0x0110,
  invalidObjectInstance: 0x0117,
  sopClassNotSupported: 0x0122,
  unrecognizedOperation: 0x0211,
  outOfResources: 0xa700,
  dataSetDoesNotMatch: 0xa900,
  cannotUnderstand: 0xc000,
} as const
