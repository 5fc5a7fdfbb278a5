/** What is used of cornerstone-core 2, which has no types. */
declare module 'cornerstone-core' {
  interface CornerstoneImage {
    imageId: string
    rows: number
    columns: number
    height: number
    width: number
    color: boolean
    slope: number
    intercept: number
    invert: boolean
    windowCenter: number
    windowWidth: number
    minPixelValue: number
    maxPixelValue: number
    sizeInBytes: number
    columnPixelSpacing: number | undefined
    rowPixelSpacing: number | undefined
    getPixelData: () => Int16Array | Uint16Array | Uint8Array | Int8Array
  }
  const cornerstone: {
    /** Draws with plain 2D canvas, the image fitted to it. */
    renderToCanvas: (canvas: HTMLCanvasElement, image: CornerstoneImage) => void
  }
  export default cornerstone
}
