import pLimit from 'p-limit'
import { type Diagnostic, errorMessage, invariant, type StepKey, ToolError } from '../base/index.ts'
import { inputRoot, type Root, rootName, type Step, selectionKey, stepKey, takesFiles } from '../plan/index.ts'
import type { ContextSelection, KeyComponents, Layer } from '../ports/index.ts'
import type { StepLayers } from './assemble.ts'
import type { EmitEvent, TaskStatus } from './events.ts'
import { stepLog } from './log.ts'
import { missingSourceDiagnostic } from './missing.ts'
import type { ProbedGraph } from './outcome.ts'
import type { CopySource, MountFiles, RunPorts, SelectResult, WantedFiles } from './ports.ts'
import { contentOf, platformOf } from './probe.ts'
import { selectParts } from './select-parts.ts'

export interface RunOptions {
  readonly noCache: boolean
  /** Steps that execute at the same time; look-ups are not limited. */
  readonly jobs: number
  readonly signal: AbortSignal
}

/** A step that did not work out, with the reason in the form it deserves. */
export interface StepFailure {
  readonly step: Step
  readonly error?: ToolError
  readonly diagnostics?: readonly Diagnostic[]
  /** The last lines of its output. */
  readonly outputTail: string
}

/** How one step ended. A step that never got its inputs has no report. */
export interface StepReport {
  readonly status: 'cached' | 'ran' | 'failed' | 'canceled'
  readonly key: StepKey
  readonly components: KeyComponents
  readonly durationMs: number
  /** Everything it wrote, when no record keeps it. */
  readonly log?: Uint8Array
}

/** Reports by `Step.index`. */
export type StepReports = ReadonlyMap<number, StepReport>

export type RunResult =
  | { readonly kind: 'done'; readonly layers: StepLayers; readonly cached: number; readonly reports: StepReports }
  | { readonly kind: 'failed'; readonly failures: readonly StepFailure[]; readonly reports: StepReports }

/** Thrown between the promises of steps; the scheduler turns it into a `StepFailure`. */
class StepFailed extends Error {
  readonly failure: StepFailure

  constructor(failure: StepFailure) {
    super(`step failed: ${failure.step.label}`)
    this.failure = failure
  }
}

/**
 * Runs what a probed graph still needs: every step as soon as its inputs are there, at most `jobs` at a time. A step
 * whose key turns out to be known when its inputs are complete is not executed. The first failure cancels the rest.
 */
export async function runGraph(
  probed: ProbedGraph,
  ports: RunPorts,
  options: RunOptions,
  emit: EmitEvent,
): Promise<RunResult> {
  const run = new GraphRun(probed, ports, options, emit)
  return run.all()
}

class GraphRun {
  readonly #probed: ProbedGraph
  readonly #ports: RunPorts
  readonly #options: RunOptions
  readonly #emit: EmitEvent
  readonly #limit: ReturnType<typeof pLimit>
  readonly #abort = new AbortController()
  readonly #signal: AbortSignal
  readonly #steps = new Map<number, Promise<Layer>>()
  readonly #running = new Map<StepKey, Promise<Layer>>()
  readonly #roots = new Map<string, Promise<readonly Layer[]>>()
  readonly #reports = new Map<number, StepReport>()
  #cached = 0

  constructor(probed: ProbedGraph, ports: RunPorts, options: RunOptions, emit: EmitEvent) {
    this.#probed = probed
    this.#ports = ports
    this.#options = options
    this.#emit = emit
    this.#limit = pLimit(options.jobs)
    this.#signal = AbortSignal.any([options.signal, this.#abort.signal])
  }

  async all(): Promise<RunResult> {
    const { steps } = this.#probed.graph
    const results = await Promise.allSettled(steps.map((step) => this.#step(step)))
    const failures = results.flatMap((result) =>
      result.status === 'rejected' && result.reason instanceof StepFailed ? [result.reason.failure] : [],
    )
    const other = results.find(
      (result) => result.status === 'rejected' && !(result.reason instanceof StepFailed) && !isCanceled(result.reason),
    )
    if (other?.status === 'rejected') throw other.reason
    if (this.#options.signal.aborted) throw new ToolError('canceled', 'the build was canceled')
    // A failure reaches every step that depends on it; report it once.
    const unique = [...new Map(failures.map((failure) => [failure.step.index, failure])).values()]
    if (unique.length > 0) return { kind: 'failed', failures: unique, reports: this.#reports }
    const layers = new Map<number, Layer>()
    for (const [index, result] of results.entries()) if (result.status === 'fulfilled') layers.set(index, result.value)
    return { kind: 'done', layers, cached: this.#cached, reports: this.#reports }
  }

  #step(step: Step): Promise<Layer> {
    let promise = this.#steps.get(step.index)
    if (promise === undefined) {
      promise = this.#resolve(step)
      this.#steps.set(step.index, promise)
    }
    return promise
  }

  /** Layers of a root filesystem, once all steps that make it are done. */
  #root(root: Root): Promise<readonly Layer[]> {
    const name = rootName(root)
    let promise = this.#roots.get(name)
    if (promise === undefined) {
      promise = this.#resolveRoot(root)
      this.#roots.set(name, promise)
    }
    return promise
  }

  async #resolveRoot(root: Root): Promise<readonly Layer[]> {
    if (root.kind === 'scratch') return []
    if (root.kind === 'image') return (await this.#ports.images.pull(root.reference, root.platform)).layers
    const step = this.#probed.graph.steps[root.step]
    invariant(step !== undefined, `no step ${root.step}`)
    const parent = await this.#root(step.parent)
    return [...parent, await this.#step(step)]
  }

  async #resolve(step: Step): Promise<Layer> {
    const outcome = this.#probed.outcomes[step.index]
    if (outcome?.kind === 'hit') {
      const { key, components } = outcome.record
      this.#foundCached(step, key, components)
      return outcome.layer
    }
    const { operation } = step
    const optional = (root: Root | undefined): Promise<readonly Layer[]> | undefined => root && this.#root(root)
    const [parent, from, mounted] = await Promise.all([
      this.#root(inputRoot(step)),
      optional(step.files),
      Promise.all(step.mounts.map(({ files }) => optional(files))),
    ])
    this.#signal.throwIfAborted()
    const files =
      operation.kind === 'copy' && takesFiles(operation) ? await this.#files(step, operation, from) : undefined
    const mounts: MountFiles[] = []
    for (const [index, { mount, source }] of step.mounts.entries()) {
      mounts.push({ mount, ...(await this.#files(step, source, mounted[index])) })
    }
    const { key, components } = stepKey(operation, platformOf(this.#probed.graph, step), {
      rootfs: contentOf(parent),
      epoch: this.#probed.graph.epoch,
      ...(files === undefined ? {} : { files: files.digest }),
      mounts: mounts.map(({ digest }) => digest),
    })
    const known = this.#options.noCache ? undefined : this.#lookUp(key)
    if (known !== undefined) {
      this.#foundCached(step, key, components)
      return known
    }
    const same = this.#running.get(key)
    if (same !== undefined) {
      const layer = await same
      this.#foundCached(step, key, components)
      return layer
    }
    const made = this.#limit(() => this.#execute(step, key, components, parent, mounts, files?.source))
    this.#running.set(key, made)
    return made
  }

  #lookUp(key: StepKey): Layer | undefined {
    const record = this.#ports.records.readRecord(key)
    return record === undefined ? undefined : this.#ports.layers.layer(record.diffId)
  }

  /** What a COPY takes or a mount shows, and its identity. */
  async #files(
    step: Step,
    wanted: WantedFiles,
    from: readonly Layer[] | undefined,
  ): Promise<{ digest: ContextSelection['contentDigest']; source: CopySource }> {
    if (from === undefined) {
      const result = selectParts(wanted, this.#ports)
      if (result.kind === 'missing') throw this.#missing(step, wanted, result)
      return result.selection
    }
    const source: CopySource = { kind: 'layers', layers: from }
    const key = selectionKey(wanted, contentOf(from))
    const remembered = this.#ports.records.readSelection(key)
    if (remembered !== undefined) return { digest: remembered.contentDigest, source }
    const result = await this.#guard(step, () => this.#ports.executor.selectFrom(from, wanted))
    if (result.kind === 'missing') throw this.#missing(step, wanted, result)
    this.#ports.records.writeSelection({ key, contentDigest: result.selection })
    return { digest: result.selection, source }
  }

  async #execute(
    step: Step,
    key: StepKey,
    components: KeyComponents,
    parent: readonly Layer[],
    mounts: readonly MountFiles[],
    files: CopySource | undefined,
  ): Promise<Layer> {
    this.#signal.throwIfAborted()
    const startMs = this.#ports.clock.nowMs()
    const log = stepLog()
    const task = taskOf(step)
    this.#emit({ kind: 'task-start', task, label: step.label, timeMs: startMs })
    const onOutput = (stream: 'stdout' | 'stderr', chunk: Uint8Array): void => {
      log.add(chunk)
      const data = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('base64')
      this.#emit({ kind: 'task-output', task, stream, data, timeMs: this.#ports.clock.nowMs() })
    }
    try {
      const { epoch } = this.#probed.graph
      const base = { operation: step.operation, parent, mounts, onOutput, signal: this.#signal, epoch }
      const result = await this.#ports.executor.execute(files === undefined ? base : { ...base, files })
      if (result.kind === 'missing') {
        invariant(step.operation.kind === 'copy', 'only COPY has sources')
        throw this.#missing(step, step.operation, result)
      }
      const layer = result.selection
      const durationMs = this.#ports.clock.nowMs() - startMs
      const { diffId, contentDigest } = layer
      const created = new Date(startMs).toISOString()
      const text = step.operation.origin.text
      const bytes = log.bytes()
      this.#ports.records.writeRecord(
        { key, components, text, diffId, contentDigest, durationMs, created, hasLog: bytes.length > 0 },
        bytes.length > 0 ? bytes : undefined,
      )
      this.#end(task, 'done', startMs)
      this.#reports.set(step.index, { status: 'ran', key, components, durationMs })
      return layer
    } catch (error) {
      const canceled = isCanceled(error) || this.#signal.aborted
      const durationMs = this.#ports.clock.nowMs() - startMs
      const status = canceled ? 'canceled' : 'failed'
      this.#reports.set(step.index, { status, key, components, durationMs, log: log.bytes() })
      if (canceled) {
        this.#end(task, 'canceled', startMs)
        throw error
      }
      const failed = error instanceof StepFailed ? error : this.#failure(step, error, log.tail())
      this.#end(task, 'failed', startMs, failed.failure.error?.message ?? failed.failure.diagnostics?.[0]?.message)
      this.#abort.abort(new ToolError('canceled', 'another step failed'))
      throw failed
    }
  }

  async #guard<T>(step: Step, action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (error) {
      throw this.#failure(step, error, '')
    }
  }

  /** Our own mistakes pass through; what the world did becomes the step's failure. */
  #failure(step: Step, error: unknown, outputTail: string): StepFailed {
    if (!(error instanceof ToolError)) throw error instanceof Error ? error : new Error(errorMessage(error))
    return new StepFailed({ step, error, outputTail })
  }

  #missing(
    step: Step,
    wanted: WantedFiles,
    { missing }: Extract<SelectResult<never>, { kind: 'missing' }>,
  ): StepFailed {
    const diagnostics = missing.map((one) => missingSourceDiagnostic(step.operation.origin, wanted, one))
    return new StepFailed({ step, diagnostics, outputTail: '' })
  }

  #foundCached(step: Step, key: StepKey, components: KeyComponents): void {
    this.#cached += 1
    this.#reports.set(step.index, { status: 'cached', key, components, durationMs: 0 })
    const timeMs = this.#ports.clock.nowMs()
    this.#emit({ kind: 'task-start', task: taskOf(step), label: step.label, timeMs })
    this.#emit({ kind: 'task-end', task: taskOf(step), status: 'cached', durationMs: 0, timeMs })
  }

  #end(task: string, status: TaskStatus, startMs: number, error?: string): void {
    const timeMs = this.#ports.clock.nowMs()
    this.#emit({
      kind: 'task-end',
      task,
      status,
      ...(error === undefined ? {} : { error }),
      durationMs: timeMs - startMs,
      timeMs,
    })
  }
}

/** Task name of a step in the event stream. */
export function taskOf(step: Step): string {
  return `step-${step.index}`
}

function isCanceled(error: unknown): boolean {
  if (error instanceof ToolError) return error.code === 'canceled'
  return error instanceof Error && error.name === 'AbortError'
}
