import { expect, test } from 'vitest'
import { ToolError } from '../../src/base/index.ts'
import {
  assembleConfig,
  type BuildEvent,
  needsWork,
  probeGraph,
  type RemoteResultsPort,
  type RunOptions,
  type RunResult,
  runGraph,
} from '../../src/build/index.ts'
import type { CopyOperation, Operation, Origin, Program, Stage } from '../../src/ir/index.ts'
import { validateImage } from '../../src/oci/index.ts'
import { planGraph } from '../../src/plan/index.ts'
import { paperLayer } from '../support/layers.ts'
import { type MemoryPorts, memoryPorts } from '../support/memory-ports.ts'

const platform = { os: 'linux', architecture: 'amd64' }

function origin(text: string): Origin {
  return { file: 'Dockerfile', span: { start: 0, end: text.length }, startLine: 1, endLine: 1, text }
}

function run(text: string): Operation {
  const rest = { cwd: '/', user: '', network: 'default', security: 'sandbox', mounts: [] } as const
  const words = { env: [], proxyEnv: [], createdBy: text } as const
  return { kind: 'run', origin: origin(`RUN ${text}`), args: ['sh', '-c', text], ...rest, ...words }
}

function copy(source: string, stage?: number): CopyOperation {
  const from = stage === undefined ? ({ kind: 'context' } as const) : ({ kind: 'stage', stage } as const)
  const text = `COPY ${stage === undefined ? '' : `--from=${stage} `}${source} /`
  const rest = {
    sources: [source],
    sourceSpans: [{ start: 5, end: 6 }],
    destination: '/',
    unpack: false,
    createdBy: text,
  }
  return { kind: 'copy', origin: origin(text), from, ...rest }
}

function stage(index: number, operations: readonly Operation[], base: Stage['base'] = { kind: 'scratch' }): Stage {
  return { index, name: `s${index}`, base, platform, operations, config: {}, origin: origin('FROM scratch') }
}

function program(...stages: readonly Stage[]): Program {
  return { stages, target: stages.at(-1)?.index ?? 0, stageCount: stages.length, diagnostics: [] }
}

interface Built {
  readonly result: RunResult
  readonly events: readonly BuildEvent[]
  readonly executed: readonly string[]
}

async function build(ports: MemoryPorts, value: Program, options: Partial<RunOptions> = {}): Promise<Built> {
  ports.executed.length = 0
  const events: BuildEvent[] = []
  const all = { noCache: false, jobs: 4, signal: new AbortController().signal, ...options }
  const probed = probeGraph(planGraph(value), ports, all)
  const result = await runGraph(probed, ports, all, (event) => events.push(event))
  return { result, events, executed: [...ports.executed] }
}

function diffIds(built: Built): readonly string[] {
  if (built.result.kind !== 'done') throw new Error('the build failed')
  return [...built.result.layers.values()].map((layer) => layer.diffId)
}

test('a second build executes nothing and gives the same layers', async () => {
  const ports = memoryPorts()
  ports.files.set('a', 'a')
  const value = program(stage(0, [copy('a'), run('x')]), stage(1, [copy('/out', 0)]))
  const first = await build(ports, value)
  expect(first.executed).toEqual(['COPY a /', 'RUN x', 'COPY --from=0 /out /'])
  expect(needsWork(probeGraph(planGraph(value), ports, { noCache: false }))).toBe(false)
  const second = await build(ports, value)
  expect(second.executed).toEqual([])
  expect(diffIds(second)).toEqual(diffIds(first))
  expect(second.result).toMatchObject({ cached: 3 })
})

test('an edited file reruns what depends on it and nothing else', async () => {
  const ports = memoryPorts()
  ports.files.set('a', 'a').set('b', 'b')
  const value = program(stage(0, [run('before'), copy('a'), run('after')]), stage(1, [copy('b'), run('other')]))
  const both = { ...value, stages: value.stages }
  await build(ports, both)
  ports.files.set('a', 'changed')
  expect((await build(ports, both)).executed).toEqual(['COPY a /', 'RUN after'])
})

test('a step that makes the same tree again stops the rebuild there', async () => {
  const ports = memoryPorts()
  ports.makes.set('RUN one', () => ({ kind: 'selected', selection: paperLayer('same') }))
  ports.makes.set('RUN two', () => ({
    kind: 'selected',
    selection: { ...paperLayer('later'), contentDigest: paperLayer('same').contentDigest },
  }))
  const first = await build(ports, program(stage(0, [run('one'), run('next')])))
  const second = await build(ports, program(stage(0, [run('two'), run('next')])))
  expect(second.executed).toEqual(['RUN two'])
  expect(diffIds(second)).toEqual(diffIds(first))
})

test('a linked copy is kept when what lies below it changes, and does not wait for that', async () => {
  const ports = memoryPorts()
  ports.files.set('a', 'a')
  const link: Operation = { ...copy('a'), link: true }
  const order: string[] = []
  const note = (name: string) => () => {
    order.push(name)
    return { kind: 'selected', selection: paperLayer(name) } as const
  }
  ports.makes.set('RUN old', async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    return note('RUN old')()
  })
  ports.makes.set('COPY a /', note('COPY a /'))
  const first = await build(ports, program(stage(0, [run('old'), link, run('after')])))
  expect(first.executed.at(-1)).toBe('RUN after')
  expect(order).toEqual(['COPY a /', 'RUN old'])
  const second = await build(ports, program(stage(0, [run('new'), link, run('after')])))
  expect(second.executed).toEqual(['RUN new', 'RUN after'])
  expect(diffIds(second)[1]).toBe(diffIds(first)[1])
  ports.files.set('a', 'changed')
  ports.makes.delete('COPY a /')
  expect((await build(ports, program(stage(0, [run('new'), link])))).executed).toEqual(['COPY a /'])
})

test('a copy of heredocs alone looks at no context', async () => {
  const ports = memoryPorts()
  const inline = (content: string): Operation => ({
    ...copy('a'),
    sources: [],
    sourceSpans: [],
    inline: [{ name: 'a', content, span: { start: 0, end: 1 } }],
  })
  const blind = { ...ports, context: { select: () => expect.unreachable('the context was looked at') } }
  expect((await build(blind, program(stage(0, [inline('x')])))).executed).toHaveLength(1)
  expect((await build(blind, program(stage(0, [inline('x')])))).executed).toHaveLength(0)
  expect((await build(blind, program(stage(0, [inline('y')])))).executed).toHaveLength(1)
})

test('results do not depend on the number of jobs', async () => {
  const stages = [0, 1, 2, 3].map((index) => stage(index, [run(`a${index}`), run(`b${index}`)]))
  const value = program(
    ...stages,
    stage(
      4,
      [0, 1, 2, 3].map((index) => copy(`/${index}`, index)),
    ),
  )
  const one = await build(memoryPorts(), value, { jobs: 1 })
  const four = await build(memoryPorts(), value, { jobs: 4 })
  expect(diffIds(one)).toEqual(diffIds(four))
})

test('independent steps overlap, and no more than jobs of them', async () => {
  for (const jobs of [1, 2, 3]) {
    const ports = memoryPorts()
    let running = 0
    let most = 0
    const stages = [0, 1, 2, 3, 4].map((index) => stage(index, [run(`work ${index}`)]))
    for (const index of [0, 1, 2, 3, 4]) {
      ports.makes.set(`RUN work ${index}`, async () => {
        running += 1
        most = Math.max(most, running)
        // Enough turns of the event loop for every other step that may start to have started.
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
        running -= 1
        return { kind: 'selected', selection: paperLayer(`work ${index}`) }
      })
    }
    await build(ports, program(...stages), { jobs })
    expect(most).toBe(jobs)
  }
})

test('identical steps that run at the same time run once', async () => {
  const ports = memoryPorts()
  const value = program(stage(0, [run('same')]), stage(1, [run('same')]), stage(2, [copy('/a', 0), copy('/b', 1)]))
  const built = await build(ports, value)
  expect(built.executed.filter((text) => text === 'RUN same')).toHaveLength(1)
})

test('a failing step is reported once, with its output, and cancels the others', async () => {
  const ports = memoryPorts()
  let aborted = false
  ports.makes.set('RUN bad', async ({ onOutput }) => {
    onOutput('stderr', Buffer.from('oh no\n'))
    await new Promise((resolve) => setImmediate(resolve))
    throw new ToolError('step-failed', 'exit code: 1', { details: { exitCode: 1 } })
  })
  ports.makes.set('RUN slow', async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    aborted = true
    throw new ToolError('canceled', 'stopped')
  })
  const value = program(
    stage(0, [run('bad'), run('after')]),
    stage(1, [run('slow')]),
    stage(2, [copy('/a', 0), copy('/b', 1)]),
  )
  const { result, executed, events } = await build(ports, value)
  expect(aborted).toBe(true)
  expect(executed).not.toContain('RUN after')
  expect(result).toMatchObject({ kind: 'failed', failures: [{ outputTail: 'oh no', error: { code: 'step-failed' } }] })
  expect(result.kind === 'failed' && result.failures).toHaveLength(1)
  expect(
    events
      .filter((event) => event.kind === 'task-end')
      .map((event) => event.status)
      .sort(),
  ).toEqual(['canceled', 'failed'])
  expect(ports.stored.size).toBe(0)
})

test('what fails after another failure does not take its place', async () => {
  const ports = memoryPorts()
  ports.makes.set('RUN first', async () => {
    await new Promise((resolve) => setImmediate(resolve))
    throw new ToolError('step-failed', 'the first')
  })
  ports.makes.set('RUN second', async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    throw new ToolError('step-failed', 'the second')
  })
  const value = program(stage(0, [run('first')]), stage(1, [run('second')]), stage(2, [copy('/a', 0), copy('/b', 1)]))
  const { result } = await build(ports, value)
  expect(result).toMatchObject({ kind: 'failed', failures: [{ error: { message: 'the first' } }] })
  expect(result.kind === 'failed' && result.failures).toHaveLength(1)
})

test('canceling from outside ends the build and records nothing half done', async () => {
  const ports = memoryPorts()
  const abort = new AbortController()
  ports.makes.set('RUN wait', async ({ signal }) => {
    abort.abort()
    signal.throwIfAborted()
    throw new Error('not reached')
  })
  await expect(build(ports, program(stage(0, [run('wait')])), { signal: abort.signal })).rejects.toMatchObject({
    code: 'canceled',
  })
  expect(ports.stored.size).toBe(0)
})

test('a mistake of ours is not taken for a failing step', async () => {
  const ports = memoryPorts()
  ports.makes.set('RUN x', () => {
    throw new TypeError('ours')
  })
  await expect(build(ports, program(stage(0, [run('x')])))).rejects.toThrow('ours')
})

test('a missing source fails before anything runs, at its place', () => {
  const ports = memoryPorts()
  const probed = probeGraph(planGraph(program(stage(0, [run('x'), copy('nowhere')]))), ports, { noCache: false })
  expect(probed.diagnostics).toMatchObject([{ code: 'source-not-found', span: { start: 5, end: 6 } }])
  expect(ports.executed).toEqual([])
})

test('no cache means no cache, but what follows still runs on what was made', async () => {
  const ports = memoryPorts()
  const value = program(stage(0, [run('x'), run('y')]))
  const first = await build(ports, value)
  const second = await build(ports, value, { noCache: true })
  expect(second.executed).toEqual(['RUN x', 'RUN y'])
  expect(diffIds(second)).toEqual(diffIds(first))
})

test('the config lists layers and history of the whole chain and is sound', async () => {
  const ports = memoryPorts()
  const metadata: Operation = { kind: 'metadata', origin: origin('ENV a=b'), createdBy: 'ENV a=b' }
  const value = program(stage(0, [run('x'), metadata]), stage(1, [metadata, run('y')], { kind: 'stage', stage: 0 }))
  const built = await build(ports, value)
  if (built.result.kind !== 'done') throw new Error('the build failed')
  const config = assembleConfig(planGraph(value), built.result.layers, () => undefined)
  expect(validateImage(config)).toEqual([])
  expect(config.diffIds).toEqual(diffIds(built))
  expect(config.history.map((entry) => [entry.createdBy, entry.emptyLayer ?? false])).toEqual([
    ['x', false],
    ['ENV a=b', true],
    ['ENV a=b', true],
    ['y', false],
  ])
})

/** A RUN that binds a file of the context, or of a stage. */
function runWith(text: string, source: string, stage?: number): Operation {
  const from = stage === undefined ? ({ kind: 'context' } as const) : ({ kind: 'stage', stage } as const)
  const span = { start: 4, end: 5 }
  const bind = { kind: 'bind', target: '/b', readonly: true, span } as const
  const operation = run(text)
  if (operation.kind !== 'run') throw new Error('no RUN')
  return { ...operation, mounts: [{ ...bind, from, sources: [source], sourceSpans: [span] }] }
}

test('a RUN waits for the stage that it mounts, and runs again when what it mounts has changed', async () => {
  const ports = memoryPorts()
  ports.files.set('a', 'a')
  const value = program(stage(0, [copy('a')]), stage(1, [runWith('use', 'out', 0), runWith('see', 'a')]))
  expect((await build(ports, value)).executed).toEqual(['COPY a /', 'RUN use', 'RUN see'])
  expect(needsWork(probeGraph(planGraph(value), ports, { noCache: false }))).toBe(false)
  ports.files.set('a', 'changed')
  const { outcomes } = probeGraph(planGraph(value), ports, { noCache: false })
  expect(outcomes.map((outcome) => outcome.kind)).toEqual(['miss', 'unknown', 'unknown'])
  expect((await build(ports, value)).executed).toEqual(['COPY a /', 'RUN use', 'RUN see'])
})

test('a mount source that is missing is said before anything runs', () => {
  const { diagnostics } = probeGraph(planGraph(program(stage(0, [runWith('x', 'gone')]))), memoryPorts(), {
    noCache: false,
  })
  expect(diagnostics).toMatchObject([{ code: 'source-not-found', span: { start: 4, end: 5 } }])
})

test('with keep-going, what does not depend on a failed step is finished, and every failure is told', async () => {
  const ports = memoryPorts()
  for (const text of ['RUN bad', 'RUN worse']) {
    ports.makes.set(text, () => {
      throw new ToolError('step-failed', text)
    })
  }
  const value = program(
    stage(0, [run('bad'), run('after bad')]),
    stage(1, [run('good'), run('after good')]),
    stage(2, [run('worse')]),
    stage(3, [copy('/a', 0), copy('/b', 1), copy('/c', 2)]),
  )
  const { result, executed } = await build(ports, value, { keepGoing: true, jobs: 1 })
  expect(executed).toEqual(['RUN bad', 'RUN good', 'RUN worse', 'RUN after good'])
  expect(result.kind === 'failed' && result.failures.map(({ error }) => error?.message)).toEqual([
    'RUN bad',
    'RUN worse',
  ])
  expect([...result.reports.values()].map(({ status }) => status).sort()).toEqual(['failed', 'failed', 'ran', 'ran'])
  ports.makes.clear()
  expect((await build(ports, value)).executed).not.toContain('RUN after good')
})

test('stages without cache run again, and what they make alike stops the rebuild there', async () => {
  const ports = memoryPorts()
  const value = program(stage(0, [run('a')]), stage(1, [run('b')]), stage(2, [copy('/a', 0), copy('/b', 1)]))
  await build(ports, value)
  const again = await build(ports, value, { noCacheStages: new Set([1]) })
  expect(again.executed).toEqual(['RUN b'])
  expect(again.result.reports.get(1)).toMatchObject({ status: 'ran', reason: 'no cache wanted' })
})

test('results that are too old are not used', async () => {
  const ports = memoryPorts()
  const value = program(stage(0, [run('a')]))
  await build(ports, value)
  const notBeforeMs = ports.clock.nowMs()
  expect((await build(ports, value, { notBeforeMs: notBeforeMs - 1000 })).executed).toEqual([])
  const { executed, result } = await build(ports, value, { notBeforeMs })
  expect(executed).toEqual(['RUN a'])
  expect(result.reports.get(0)).toMatchObject({ reason: 'too old' })
  expect((await build(ports, value, { notBeforeMs })).executed).toEqual([])
})

test('a step that another process executes is waited for without a place, and its result taken', async () => {
  const ports = memoryPorts()
  const events: string[] = []
  const asked = Promise.withResolvers<void>()
  const theirs = Promise.withResolvers<void>()
  const claims: MemoryPorts['claims'] = {
    tryClaim: (key) => (taken === key ? undefined : { release: () => events.push('released') }),
    async waitForClaim(key) {
      asked.resolve()
      await theirs.promise
      const components = { kind: 'run' }
      const { diffId, contentDigest } = ports.layers.keep(paperLayer('theirs'))
      const rest = { durationMs: 1, created: '2026-01-01T00:00:00Z', hasLog: false, text: '' }
      ports.records.writeRecord({ key, components, diffId, contentDigest, ...rest }, undefined)
      return { release: () => events.push('released') }
    },
  }
  const value = program(stage(0, [run('shared')]), stage(1, [run('own')]), stage(2, [copy('/a', 0), copy('/b', 1)]))
  const [first] = probeGraph(planGraph(value), ports, { noCache: false }).outcomes
  const taken = first?.kind === 'miss' ? first.key : undefined
  ports.makes.set('RUN own', async () => {
    await asked.promise
    theirs.resolve()
    return { kind: 'selected', selection: paperLayer('own') }
  })
  const built = await build({ ...ports, claims }, value, { jobs: 1 })
  expect(built.executed).not.toContain('RUN shared')
  expect(diffIds(built)[0]).toBe(paperLayer('theirs').diffId)
  expect(events).toEqual(['released', 'released', 'released', 'released'])
  const label = '[internal] another build is running [s0 2/2] RUN shared: waiting for it'
  expect(built.events).toContainEqual(expect.objectContaining({ kind: 'task-start', label }))
})

test('several targets are one graph', () => {
  const stages = [stage(0, [run('base')]), stage(1, [run('a')], { kind: 'stage', stage: 0 })]
  const value = program(...stages, stage(2, [run('b')], { kind: 'stage', stage: 0 }))
  const graph = planGraph({ ...value, targets: [1, 2] })
  expect(graph.steps).toHaveLength(3)
  expect(graph.targets.map((target) => target.stage.name)).toEqual(['s1', 's2'])
})

/** A cache elsewhere that has what another store has. */
function sharedResults(ports: MemoryPorts, other: MemoryPorts): RemoteResultsPort & { readonly calls: string[] } {
  const calls: string[] = []
  return {
    calls,
    async fetchStep(step, key, _components, onFound) {
      calls.push(`fetch ${step.operation.origin.text}`)
      const record = other.records.readRecord(key)
      const layer = record && other.layers.layer(record.diffId)
      if (record === undefined || layer === undefined) return false
      onFound?.(layer.contentDigest)
      ports.layers.keep(layer)
      ports.records.writeRecord(record, undefined)
      return true
    },
    async fetchSelection(key) {
      calls.push('fetch selection')
      const record = other.records.readSelection(key)
      if (record !== undefined) ports.records.writeSelection(record)
      return record !== undefined
    },
    offerStep: (step) => void calls.push(`offer ${step.operation.origin.text}`),
    offerSelection: () => void calls.push('offer selection'),
  }
}

test('caches elsewhere are asked for what the store has not, and offered all results, also what COPY --from picks', async () => {
  const value = program(stage(0, [run('x'), copy('a')]), stage(1, [copy('/out', 0), run('y')]))
  const other = memoryPorts()
  other.files.set('a', 'a')
  const first = await build(other, value)
  const fresh = memoryPorts()
  fresh.files.set('a', 'a')
  const remoteResults = sharedResults(fresh, other)
  const second = await build({ ...fresh, remoteResults }, value)
  expect(second.executed).toEqual([])
  expect(diffIds(second)).toEqual(diffIds(first))
  const texts = ['RUN x', 'COPY a /', 'COPY --from=0 /out /', 'RUN y']
  // A step may be asked for ahead as well as in its turn; that the two are one is the port's to see to.
  expect([...new Set(remoteResults.calls)].toSorted()).toEqual(
    [...texts.flatMap((text) => [`fetch ${text}`, `offer ${text}`]), 'fetch selection', 'offer selection'].toSorted(),
  )
  // What is here is asked for nowhere, and offered all the same.
  remoteResults.calls.length = 0
  await build({ ...fresh, remoteResults }, value)
  expect(remoteResults.calls.toSorted()).toEqual(
    [...texts.map((text) => `offer ${text}`), 'offer selection'].toSorted(),
  )
  remoteResults.calls.length = 0
  const anew = await build({ ...fresh, remoteResults }, value, { noCache: true })
  expect(anew.executed).toEqual(texts)
  expect(remoteResults.calls.filter((call) => call.startsWith('fetch'))).toEqual([])
})

test('a step that is the same twice is fetched before either is executed', async () => {
  const ports = memoryPorts()
  const remoteResults = sharedResults(ports, memoryPorts())
  const built = await build(
    { ...ports, remoteResults },
    program(stage(0, [run('x')]), stage(1, [run('x'), copy('/', 0)])),
  )
  expect(built.executed.filter((text) => text === 'RUN x')).toEqual(['RUN x'])
})

test('steps above one that was found are asked for before its layer has come, whatever it turns out to be', async () => {
  const value = program(stage(0, [run('a'), copy('f'), run('b')]))
  const other = memoryPorts()
  other.files.set('f', 'f')
  const first = await build(other, value)
  const ports = memoryPorts()
  ports.files.set('f', 'f')
  const shared = sharedResults(ports, other)
  let letCome = (): void => undefined
  const come = new Promise<void>((resolve) => {
    letCome = resolve
  })
  const late: RemoteResultsPort = {
    ...shared,
    async fetchStep(step, key, components, onFound) {
      const isFetched = await shared.fetchStep(step, key, components, onFound)
      if (step.index === 2) letCome()
      await come
      return isFetched
    },
  }
  const second = await build({ ...ports, remoteResults: late }, value)
  expect(second.executed).toEqual([])
  expect(diffIds(second)).toEqual(diffIds(first))

  // A cache that says that trees are others than they are leads to other keys, and to nothing else.
  const fresh = memoryPorts()
  fresh.files.set('f', 'f')
  const real = sharedResults(fresh, other)
  const lying: RemoteResultsPort = {
    ...real,
    async fetchStep(step, key, components, onFound) {
      onFound?.(paperLayer('a lie').contentDigest)
      return real.fetchStep(step, key, components)
    },
  }
  expect(diffIds(await build({ ...fresh, remoteResults: lying }, value))).toEqual(diffIds(first))
})
