/** The codecs of frames in Node: their WebAssembly is read from the packages. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createFrameCodecs } from '../pixels/codecs/index.ts'
import type { FrameCodecs } from '../pixels/model.ts'

export async function loadFrameCodecs(): Promise<FrameCodecs> {
  const [charls, openjpeg, openjph, turbojpeg] = await Promise.all([
    compile('@cornerstonejs/codec-charls/wasm'),
    compile('@cornerstonejs/codec-openjpeg/wasm'),
    compile('@cornerstonejs/codec-openjph/wasm'),
    compile('@cornerstonejs/codec-libjpeg-turbo-8bit/wasm'),
  ])
  return createFrameCodecs({ charls, openjpeg, openjph, turbojpeg })
}

async function compile(specifier: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(createRequire(import.meta.url).resolve(specifier)))
}
