import { describe, expect, test } from 'vitest'
import type { CopySource, ExecuteRequest, ExecutorPort, SelectResult, WantedFiles } from '../../src/build/index.ts'
import type { Origin } from '../../src/ir/index.ts'
import type { LayerOperation } from '../../src/plan/index.ts'
import type { Layer, LayerStore } from '../../src/ports/index.ts'
import type { OpenedContext } from './context-port.ts'

/** RUN steps of the suite: shell text, which an adapter in memory has to imitate. */
export const runs = {
  speak: 'echo out; echo err >&2; echo made > /made',
  speakAgain: 'echo made > /made; :',
  fail: 'echo before; echo lost > /lost; exit 3',
  wait: 'echo waiting; sleep 1000',
} as const

/** An executor with a context and the store its layers go to. */
export interface OpenedExecutor extends OpenedContext {
  readonly executor: ExecutorPort
  readonly layers: LayerStore
  /** Layers of an image that has a shell. */
  readonly base: readonly Layer[]
}

const span = { start: 5, end: 9 }

function origin(text: string): Origin {
  return { file: 'Dockerfile', span: { start: 0, end: text.length }, startLine: 1, endLine: 1, text }
}

/** One source out of layers. */
function wanted(source: string): WantedFiles {
  return { from: { kind: 'stage', stage: 0 }, sources: [source], sourceSpans: [span] }
}

/** The RUN of `text`. */
export function runOperation(text: string): LayerOperation {
  const rest = {
    cwd: '/',
    user: '',
    network: 'none',
    env: ['PATH=/bin'],
    proxyEnv: [],
    createdBy: text,
    security: 'sandbox',
    mounts: [],
  } as const
  return { kind: 'run', origin: origin(`RUN ${text}`), args: ['sh', '-c', text], ...rest }
}

function copyOperation(source: string, from: 'context' | 'stage'): LayerOperation & { readonly kind: 'copy' } {
  const text = `COPY ${from === 'stage' ? '--from=0 ' : ''}${source} /copied/`
  return {
    kind: 'copy',
    origin: origin(text),
    from: from === 'stage' ? { kind: 'stage', stage: 0 } : { kind: 'context' },
    sources: [source],
    sourceSpans: [span],
    destination: '/copied/',
    unpack: false,
    createdBy: text,
  }
}

interface Executed {
  readonly result: SelectResult<Layer>
  readonly output: string
}

async function execute(
  opened: OpenedExecutor,
  operation: LayerOperation,
  more: Partial<ExecuteRequest> = {},
): Promise<Executed> {
  const chunks: Buffer[] = []
  const onOutput = (_stream: string, chunk: Uint8Array): void => void chunks.push(Buffer.from(chunk))
  const signal = new AbortController().signal
  const result = await opened.executor.execute({
    operation,
    parent: opened.base,
    mounts: [],
    onOutput,
    signal,
    ...more,
  })
  return { result, output: Buffer.concat(chunks).toString() }
}

function layerOf({ result }: Executed): Layer {
  if (result.kind === 'missing') throw new Error(`missing: ${JSON.stringify(result.missing)}`)
  return result.selection
}

function fromContext(opened: OpenedExecutor, source: string): CopySource {
  const result = opened.context.select([source], [span])
  if (result.kind === 'missing') throw new Error(`missing: ${source}`)
  return { kind: 'context', selection: result.selection }
}

async function copy(opened: OpenedExecutor, source: string): Promise<Layer> {
  return layerOf(await execute(opened, copyOperation(source, 'context'), { files: fromContext(opened, source) }))
}

/** What every `ExecutorPort` does. `open` is called once; its context holds `a.txt` and `b.txt`. */
export function describeExecutorPort(adapter: string, open: () => OpenedExecutor, skip: boolean): void {
  describe.skipIf(skip)(`ExecutorPort, ${adapter}`, () => {
    test('a layer it returns is in the store, whole', async () => {
      const opened = open()
      const layer = layerOf(await execute(opened, runOperation(runs.speak)))
      expect(opened.layers.layer(layer.diffId)).toEqual(layer)
      expect(opened.layers.layerByContent(layer.contentDigest)).toEqual(layer)
    })

    test('what a process writes is passed on', async () => {
      const { output } = await execute(open(), runOperation(runs.speak))
      expect(output.split('\n').sort()).toEqual(['', 'err', 'out'])
    })

    test('an equal tree keeps the layer that was there first', async () => {
      const opened = open()
      const first = layerOf(await execute(opened, runOperation(runs.speak)))
      expect(layerOf(await execute(opened, runOperation(runs.speakAgain)))).toEqual(first)
    })

    test('a step that fails says how, and leaves nothing', async () => {
      const opened = open()
      const outputs: string[] = []
      const onOutput = (_stream: string, chunk: Uint8Array): void => void outputs.push(Buffer.from(chunk).toString())
      const failed = execute(opened, runOperation(runs.fail), { onOutput })
      await expect(failed).rejects.toMatchObject({ code: 'step-failed', details: { exitCode: 3 } })
      expect(outputs.join('')).toBe('before\n')
    })

    test('an aborted step ends and makes no layer', async () => {
      const opened = open()
      const abort = new AbortController()
      const aborted = execute(opened, runOperation(runs.wait), { signal: abort.signal, onOutput: () => abort.abort() })
      await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
    })

    test('COPY of the same files makes the same layer, of others another', async () => {
      const opened = open()
      const first = await copy(opened, 'a.txt')
      expect(await copy(opened, 'a.txt')).toEqual(first)
      expect((await copy(opened, 'b.txt')).diffId).not.toBe(first.diffId)
    })

    test('files picked out of layers have an identity that their content decides', async () => {
      const opened = open()
      const [a, b] = [await copy(opened, 'a.txt'), await copy(opened, 'b.txt')]
      const pick = (layers: readonly Layer[], source: string): ReturnType<ExecutorPort['selectFrom']> =>
        opened.executor.selectFrom(layers, wanted(source))
      const alone = await pick([...opened.base, a], 'copied/a.txt')
      expect(alone.kind).toBe('selected')
      expect(await pick([...opened.base, a, b], 'copied/a.txt')).toEqual(alone)
      expect(await pick([...opened.base, a, b], 'copied')).not.toEqual(await pick([...opened.base, a], 'copied'))
    })

    test('COPY --from takes what the layers hold, and says what they do not', async () => {
      const opened = open()
      const layers = [...opened.base, await copy(opened, 'a.txt')]
      const files = { kind: 'layers', layers } as const
      expect((await execute(opened, copyOperation('copied/a.txt', 'stage'), { files })).result.kind).toBe('selected')
      const missing = [{ pattern: 'copied/a.txz', span, nearest: 'copied/a.txt' }]
      expect((await execute(opened, copyOperation('copied/a.txz', 'stage'), { files })).result).toEqual({
        kind: 'missing',
        missing,
      })
      expect(await opened.executor.selectFrom(layers, wanted('copied/a.txz'))).toEqual({ kind: 'missing', missing })
    })
  })
}
