/** The little of dcmjs that the bench holds us against. */
declare module 'dcmjs' {
  const dcmjs: {
    data: { DicomMessage: { readFile: (buffer: ArrayBufferLike) => { write: () => ArrayBuffer } } }
  }
  export default dcmjs
}
