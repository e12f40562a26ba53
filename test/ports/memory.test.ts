import { digestOf, ToolError } from '../../src/base/index.ts'
import type { ExecuteRequest } from '../../src/build/index.ts'
import type { StoredImage } from '../../src/ports/index.ts'
import { paperLayer } from '../support/layers.ts'
import { memoryContext, memoryImagePort, memoryPorts } from '../support/memory-ports.ts'
import { memoryImages, memoryLayers, memoryRecords } from '../support/memory-store.ts'
import { describeContextPort } from './context-port.ts'
import { describeExecutorPort, type OpenedExecutor, runs } from './executor-port.ts'
import { describeImagePort } from './image-port.ts'
import { describeImageStore } from './image-store.ts'
import { describeLayerStore } from './layer-store.ts'
import { describeRecordStore } from './record-store.ts'

describeRecordStore('in memory', memoryRecords)

describeLayerStore('in memory', () => {
  const layers = memoryLayers()
  return { layers, keep: layers.keep }
})

describeImageStore('in memory', () => {
  const layers = memoryLayers()
  return { images: memoryImages(layers), keep: layers.keep }
})

describeContextPort('in memory', (initial) => {
  const files = new Map(Object.entries(initial))
  const context = memoryContext(files)
  return { context, reopen: () => context, write: (path, text) => void files.set(path, text) }
})

describeImagePort('in memory', async () => {
  const layers = [paperLayer('base')]
  const config = {
    platform: { os: 'linux', architecture: 'amd64' },
    config: {},
    diffIds: layers.map((layer) => layer.diffId),
    history: [],
  }
  const remote = new Map<string, StoredImage>([['app:1', { id: digestOf('config'), config, layers }]])
  let count = 0
  const get = (name: string): StoredImage | undefined => {
    count += 1
    return remote.get(name)
  }
  const port = memoryImagePort({ get })
  return { port, reference: 'app:1', unknown: 'app:2', asked: () => count }
})

describeExecutorPort('in memory', openExecutor, false)

/** Imitates what the RUN steps of the suite do. */
function openExecutor(): OpenedExecutor {
  const ports = memoryPorts()
  ports.files.set('a.txt', 'a').set('b.txt', 'b')
  const made = { kind: 'selected', selection: paperLayer('made') } as const
  const say = (request: ExecuteRequest, text: string): void => request.onOutput('stdout', Buffer.from(text))
  ports.makes
    .set(`RUN ${runs.speak}`, (request) => {
      say(request, 'out\n')
      request.onOutput('stderr', Buffer.from('err\n'))
      return made
    })
    .set(`RUN ${runs.speakAgain}`, () => ({
      ...made,
      selection: { ...made.selection, created: '2027-01-01T00:00:00Z' },
    }))
    .set(`RUN ${runs.fail}`, (request) => {
      say(request, 'before\n')
      throw new ToolError('step-failed', 'exit code: 3', { details: { exitCode: 3 } })
    })
    .set(`RUN ${runs.wait}`, (request) => {
      say(request, 'waiting\n')
      request.signal.throwIfAborted()
      throw new Error('it was not aborted')
    })
  for (const name of ['a', 'b']) {
    const layer = paperLayer(name)
    ports.layerTrees.set(layer.contentDigest, new Map([[`copied/${name}.txt`, name]]))
    ports.makes.set(`COPY ${name}.txt /copied/`, () => ({ kind: 'selected', selection: layer }))
  }
  const base = [ports.layers.keep(paperLayer('base'))]
  const { executor, layers, context, files } = ports
  const write = (path: string, text: string): void => void files.set(path, text)
  return { executor, layers, context, reopen: () => context, base, write }
}
