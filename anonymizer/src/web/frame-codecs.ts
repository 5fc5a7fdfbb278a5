/** The codecs of frames in a browser: their WebAssembly comes from the page's own origin. */
import { createFrameCodecs } from '../pixels/codecs/index.ts'
import type { FrameCodecs } from '../pixels/model.ts'

export async function loadFrameCodecs(): Promise<FrameCodecs> {
  // Spelled out one by one: the bundler finds the files by this very form.
  const [charls, openjpeg, openjph, turbojpeg] = await Promise.all([
    compile(new URL('@cornerstonejs/codec-charls/wasm', import.meta.url)),
    compile(new URL('@cornerstonejs/codec-openjpeg/wasm', import.meta.url)),
    compile(new URL('@cornerstonejs/codec-openjph/wasm', import.meta.url)),
    compile(new URL('@cornerstonejs/codec-libjpeg-turbo-8bit/wasm', import.meta.url)),
  ])
  return createFrameCodecs({ charls, openjpeg, openjph, turbojpeg })
}

async function compile(url: URL): Promise<WebAssembly.Module> {
  const answer = await fetch(url)
  // Compiled from bytes: not every server names the type that streaming asks for.
  return WebAssembly.compile(await answer.arrayBuffer())
}
