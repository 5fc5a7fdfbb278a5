/** The little of dcmjs that tests and the bench hold us against. */
declare module 'dcmjs' {
  const dcmjs: {
    data: {
      DicomMessage: {
        readFile: (buffer: ArrayBufferLike) => {
          dict: Readonly<Record<string, unknown>>
          write: () => ArrayBuffer
        }
      }
    }
    log: { setLevel: (level: 'silent') => void }
  }
  export default dcmjs
}
