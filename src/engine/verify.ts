import { setTimeout as delay } from 'node:timers/promises'
import { invariant, ToolError } from '../base/index.ts'
import {
  type BuildEvent,
  type EmitEvent,
  type ExecutorPort,
  probeGraph,
  type RunPorts,
  runGraph,
  type StepFailure,
  type StepLayers,
} from '../build/index.ts'
import { compareLayers, type PathDifference } from '../layer/index.ts'
import type { LayerOperation, Step, StepGraph } from '../plan/index.ts'
import type { Layer } from '../ports/index.ts'
import { setUmask, useOneProcessor } from '../sys/index.ts'
import { spareMode } from './other-surroundings.ts'
import type { Scene } from './scene.ts'
import { unpackLayers } from './unpack-layers.ts'
import type { Workshop } from './workshop.ts'

/** A umask under which whoever forgets to set a mode is found out. */
const strictUmask = 0o077

/**
 * Executes every step of a finished build once more, on the same inputs but in other surroundings, and says which steps made
 * something else, in order. What the second run makes is compared and thrown away: each step is judged by itself, and
 * nothing of it is remembered. A step that fails the second time is not reproducible either.
 */
export async function verifySteps(
  scene: Scene,
  graph: StepGraph,
  layers: StepLayers,
  emit: EmitEvent,
  signal: AbortSignal,
): Promise<readonly StepFailure[]> {
  const workshop = await scene.enter()
  const found = new Map<number, StepFailure>()
  const executor = judgingExecutor(scene, workshop, graph, layers, found)
  const records = { ...scene.ports.records, writeRecord: () => undefined, writeSelection: () => undefined }
  const ports: RunPorts = { ...scene.ports, records, executor }
  const options = { noCache: true, jobs: scene.request.jobs, signal }
  await nextSecond(scene)
  const umask = setUmask(strictUmask)
  const processor = useOneProcessor()
  try {
    const result = await runGraph(probeGraph(graph, ports, options), ports, options, (event) => {
      const shown = asVerification(event)
      if (shown !== undefined) emit(shown)
    })
    const failures = result.kind === 'failed' ? result.failures.map(failsAgain) : []
    return [...found.values(), ...failures].sort((a, b) => a.step.index - b.step.index)
  } finally {
    processor.undo()
    setUmask(umask)
  }
}

/** An executor that compares what it makes, and hands out what the first build made. */
function judgingExecutor(
  scene: Scene,
  workshop: Workshop,
  graph: StepGraph,
  layers: StepLayers,
  found: Map<number, StepFailure>,
): ExecutorPort {
  const steps = new Map<LayerOperation, Step>(graph.steps.map((step) => [step.operation, step]))
  const times = graph.epoch?.files !== undefined
  return {
    selectFrom: (from, wanted) => workshop.executor.selectFrom(from, wanted),
    async execute(request) {
      const step = steps.get(request.operation)
      const first = step && layers.get(step.index)
      invariant(step !== undefined && first !== undefined, 'a step is verified that was not built')
      const isRun = request.operation.kind === 'run'
      await unpackLayers({ store: scene.store, session: workshop.session, overlay: workshop.overlay }, [first])
      const compare = (upper: string): Layer => {
        const options = { overlay: workshop.overlay, times, spareMode: isRun ? spareMode : 0 }
        const differences = compareLayers(scene.store.layers.treePath(first.diffId), upper, options)
        if (differences.length > 0) found.set(step.index, notReproducible(step, differences))
        return first
      }
      return workshop.rehearse(request, compare)
    },
  }
}

/** Waits until the clock shows another second than when the first build ended. */
async function nextSecond({ host }: Scene): Promise<void> {
  const endMs = host.nowMs()
  for (let nowMs = endMs; Math.floor(nowMs / 1000) === Math.floor(endMs / 1000); nowMs = host.nowMs())
    await delay(1000 - (nowMs % 1000))
}

function asVerification(event: BuildEvent): BuildEvent | undefined {
  switch (event.kind) {
    case 'task-start':
      return { ...event, task: `verify-${event.task}`, label: `[verify] ${event.label}` }
    case 'task-output':
    case 'task-end':
      return { ...event, task: `verify-${event.task}` }
    default:
      return undefined
  }
}

const hint =
  'what was different: the time, the host name, LANG, TZ, umask, process numbers, the order of names in directories, and the number of processors'

function notReproducible(step: Step, differences: readonly PathDifference[]): StepFailure {
  const [first, ...others] = differences
  invariant(first !== undefined, 'a difference without a path')
  const more = others.length === 0 ? '' : `; so do ${others.length} more, ${listOf(others)}`
  const message = `built twice, the step makes different files: ${textOf(first)}${more}`
  const details = { files: differences.length, path: first.path, what: first.what }
  return { step, error: new ToolError('not-reproducible', message, { hint, details }), outputTail: '' }
}

function textOf({ path, what, line, offset, first, second }: PathDifference): string {
  if (what !== 'content') return `${path} differs in ${what}: ${first}, then ${second}`
  const [place, quote] =
    line === undefined
      ? [`byte ${offset}`, (text: string) => text]
      : [`line ${line}`, (text: string) => JSON.stringify(text)]
  return `${path} differs in content at ${place}: ${quote(first)}, then ${quote(second)}`
}

const shownOthers = 5

function listOf(differences: readonly PathDifference[]): string {
  const shown = differences.slice(0, shownOthers).map(({ path, what }) => `${path} (${what})`)
  return `${shown.join(', ')}${differences.length > shownOthers ? ' …' : ''}`
}

function failsAgain(failure: StepFailure): StepFailure {
  const { error } = failure
  const why = error === undefined ? 'its files are gone' : error.message
  const message = `built twice, the step fails the second time: ${why}`
  return { ...failure, error: new ToolError('not-reproducible', message, { hint }) }
}
