/**
 * A WebAssembly codec in a cage: made when first needed, thrown away when it failed or grew (its
 * memory never shrinks, and after a failure it may decode the next frame wrongly), silent, and
 * whatever it throws (numbers, mostly) becomes one coded error.
 */
import { DeidError } from '../../errors.ts'
import { refuse } from './refuse.ts'

/** Emscripten's glue: fills the module object that it is given. */
export type WasmFactory = (module: object) => unknown

export interface WasmCodec<Module> {
  /** Runs `work` with the module; what it returns must not be a view of the module's memory. */
  readonly use: <Result>(work: (module: Module) => Result) => Result
}

/** They start with 50 MiB; a frame of 4096 by 4096 needs some 200. */
const MAX_IDLE_BYTES = 256 * 2 ** 20

interface Instance<Module> {
  readonly module: Module
  readonly memory: WebAssembly.Memory
}

export function wasmCodec<Module>(
  factory: WasmFactory,
  compiled: WebAssembly.Module,
): WasmCodec<Module> {
  let instance: Instance<Module> | undefined
  return {
    use: (work) => {
      const current = instance ?? instantiate<Module>(factory, compiled)
      // Kept only when all went well.
      instance = undefined
      try {
        const result = work(current.module)
        if (current.memory.buffer.byteLength <= MAX_IDLE_BYTES) instance = current
        return result
      } catch (error) {
        if (error instanceof DeidError) throw error
        return refuse('the decoder or encoder failed on a frame')
      }
    },
  }
}

/**
 * Synchronous: the glue runs to its end when `instantiateWasm` has answered at once, and the
 * promise that it returns has nothing left to say.
 */
function instantiate<Module>(factory: WasmFactory, compiled: WebAssembly.Module): Instance<Module> {
  let memory: WebAssembly.Memory | undefined
  const silent = () => undefined
  const module = {
    print: silent,
    printErr: silent,
    instantiateWasm: (
      imports: WebAssembly.Imports,
      done: (instance: WebAssembly.Instance) => void,
    ) => {
      const instance = new WebAssembly.Instance(compiled, imports)
      memory = Object.values(instance.exports).find((each) => each instanceof WebAssembly.Memory)
      done(instance)
      return instance.exports
    },
  }
  factory(module)
  if (memory === undefined) refuse('a codec could not be started')
  // The glue has put its classes into the object; which ones, the caller's type says.
  return { module: module as Module, memory }
}
