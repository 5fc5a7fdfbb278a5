/** The codec packages come without types: each exports Emscripten's factory of its module. */
declare module '@cornerstonejs/codec-charls/wasmjs' {
  const factory: (module: object) => unknown
  export default factory
}
declare module '@cornerstonejs/codec-openjpeg/wasmjs' {
  const factory: (module: object) => unknown
  export default factory
}
declare module '@cornerstonejs/codec-openjph/wasmjs' {
  const factory: (module: object) => unknown
  export default factory
}
declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/wasmjs' {
  const factory: (module: object) => unknown
  export default factory
}
