import pLimit from 'p-limit'
import { errorMessage, invariant, type StepKey, ToolError } from '../base/index.ts'
import { inputRoot, type Root, rootName, type Step, selectionKey, stepKey, takesFiles } from '../plan/index.ts'
import type { ContextSelection, KeyComponents, Layer } from '../ports/index.ts'
import { askAhead } from './ask-ahead.ts'
import type { StepLayers } from './assemble.ts'
import type { EmitEvent, TaskStatus } from './events.ts'
import { stepLog } from './log.ts'
import { type CachePolicy, type FoundStep, lookUpStep, mustExecute } from './look-up.ts'
import { missingSourceDiagnostic } from './missing.ts'
import type { MissReason, ProbedGraph } from './outcome.ts'
import type { Claim, CopySource, MountFiles, RemoteResultsPort, RunPorts, SelectResult, WantedFiles } from './ports.ts'
import { contentOf, platformOf } from './probe.ts'
import { selectParts } from './select-parts.ts'
import { StepFailed, type StepFailure, type StepReport, type StepReports } from './step-report.ts'

export interface RunOptions extends CachePolicy {
  /** Steps that execute at the same time; look-ups are not limited. */
  readonly jobs: number
  /** After a failure, what does not depend on the failed step is finished. */
  readonly keepGoing?: boolean
  readonly signal: AbortSignal
}

export type RunResult =
  | { readonly kind: 'done'; readonly layers: StepLayers; readonly cached: number; readonly reports: StepReports }
  | { readonly kind: 'failed'; readonly failures: readonly StepFailure[]; readonly reports: StepReports }

/**
 * Runs what a probed graph still needs: every step as soon as its inputs are there, at most `jobs` at a time. A step
 * whose key turns out to be known when its inputs are complete is not executed; one that another process executes
 * is waited for. The first failure cancels the rest, or with `keepGoing` only what depends on the failed step.
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

/** A step with everything it needs to execute. */
interface StepWork {
  readonly step: Step
  readonly key: StepKey
  readonly components: KeyComponents
  readonly parent: readonly Layer[]
  readonly mounts: readonly MountFiles[]
  readonly files: CopySource | undefined
  readonly reason: MissReason
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
      promise = this.#resolve(step).catch((error: unknown) => this.#stop(error))
      this.#steps.set(step.index, promise)
    }
    return promise
  }

  /** Lets an error go on to the steps that depend on the one that met it, and cancels the others. */
  #stop(error: unknown): never {
    const lasting = !(error instanceof StepFailed || error instanceof ToolError)
    if (!isCanceled(error) && (lasting || this.#options.keepGoing !== true))
      this.#abort.abort(new ToolError('canceled', 'another step failed'))
    throw error
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
      this.#foundCached(step, key, components, outcome.layer)
      if (this.#ports.remoteResults !== undefined) await this.#offerSelections(step, this.#ports.remoteResults)
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
    const known = await this.#lookUp(step, key, components, parent)
    if (known.kind === 'hit') {
      this.#foundCached(step, key, components, known.layer)
      return known.layer
    }
    const same = this.#running.get(key)
    if (same !== undefined) {
      const layer = await same
      this.#foundCached(step, key, components, layer)
      return layer
    }
    const work = { step, key, components, parent, mounts, files: files?.source, reason: known.reason }
    const made = this.#make(work)
    this.#running.set(key, made)
    return made
  }

  /** Looks a step up in the store, then in the caches elsewhere. */
  async #lookUp(step: Step, key: StepKey, components: KeyComponents, parent: readonly Layer[]): Promise<FoundStep> {
    const known = lookUpStep(step, key, this.#ports, this.#options)
    const { remoteResults: remote } = this.#ports
    if (remote === undefined || known.kind === 'hit' || mustExecute(step, this.#options)) return known
    const isFetched = await remote.fetchStep(step, key, components, (digest) =>
      askAhead(this.#probed, this.#ports, this.#options, remote, step, [...contentOf(parent), digest]),
    )
    this.#signal.throwIfAborted()
    return isFetched ? lookUpStep(step, key, this.#ports, this.#options) : known
  }

  /** Offers what a step that was found picks from root filesystems: whoever takes its result needs that to find it. */
  async #offerSelections({ operation, files, mounts }: Step, remote: RemoteResultsPort): Promise<void> {
    const copied = operation.kind === 'copy' ? [{ source: operation, files }] : []
    for (const { source, files: root } of [...copied, ...mounts])
      if (root !== undefined) remote.offerSelection(selectionKey(source, contentOf(await this.#root(root))))
  }

  /** Executes a step when a place is free, unless another process is at it: then its result is waited for. */
  async #make(work: StepWork): Promise<Layer> {
    const { step, key } = work
    const { claims } = this.#ports
    // Whoever wants no cache does not want that of others either.
    if (mustExecute(step, this.#options)) return this.#limit(() => this.#execute(work))
    const first = await this.#limit(async () => {
      this.#signal.throwIfAborted()
      const claim = claims.tryClaim(key)
      return claim && { layer: await this.#holding(claim, work, () => this.#execute(work)) }
    })
    if (first !== undefined) return first.layer
    // Nothing is held while waiting, no place either, so that builds that wait for each other's steps go on.
    const claim = await this.#waitForClaim(step, key)
    return this.#holding(claim, work, () => this.#limit(() => this.#execute(work)))
  }

  async #holding(claim: Claim, { step, key, components }: StepWork, execute: () => Promise<Layer>): Promise<Layer> {
    try {
      // Who had the claim before may have made just this.
      const known = lookUpStep(step, key, this.#ports, this.#options)
      if (known.kind === 'miss') return await execute()
      this.#foundCached(step, key, components, known.layer)
      return known.layer
    } finally {
      claim.release()
    }
  }

  async #waitForClaim(step: Step, key: StepKey): Promise<Claim> {
    const task = `${taskOf(step)}-wait`
    const startMs = this.#ports.clock.nowMs()
    const label = `[internal] another build is running ${step.label}: waiting for it`
    this.#emit({ kind: 'task-start', task, label, timeMs: startMs })
    try {
      const claim = await this.#ports.claims.waitForClaim(key, this.#signal)
      this.#end(task, 'done', startMs)
      return claim
    } catch (error) {
      this.#end(task, isCanceled(error) ? 'canceled' : 'failed', startMs, errorMessage(error))
      throw error
    }
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
    const { records, remoteResults: remote } = this.#ports
    let remembered = records.readSelection(key)
    if (remembered === undefined && remote !== undefined && !mustExecute(step, this.#options))
      remembered = (await remote.fetchSelection(key)) ? records.readSelection(key) : undefined
    if (remembered !== undefined) {
      remote?.offerSelection(key)
      return { digest: remembered.contentDigest, source }
    }
    const result = await this.#guard(step, () => this.#ports.executor.selectFrom(from, wanted))
    if (result.kind === 'missing') throw this.#missing(step, wanted, result)
    records.writeSelection({ key, contentDigest: result.selection })
    remote?.offerSelection(key)
    return { digest: result.selection, source }
  }

  async #execute(work: StepWork): Promise<Layer> {
    const { step, key, components, parent, mounts, files, reason } = work
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
      this.#ports.remoteResults?.offerStep(step, key)
      this.#end(task, 'done', startMs, undefined, layer.sizeBytes)
      this.#reports.set(step.index, { status: 'ran', key, components, durationMs, reason })
      return layer
    } catch (error) {
      const canceled = isCanceled(error) || this.#signal.aborted
      const durationMs = this.#ports.clock.nowMs() - startMs
      const ended = { key, components, durationMs, reason, log: log.bytes() }
      if (canceled) {
        this.#reports.set(step.index, { ...ended, status: 'canceled' })
        this.#end(task, 'canceled', startMs)
        // What a step meets after that is not what ended the build.
        throw error instanceof ToolError ? new ToolError('canceled', 'another step failed', { cause: error }) : error
      }
      const failed = error instanceof StepFailed ? error : this.#failure(step, error, log.tail())
      const exitCode = failed.exitCode === undefined ? {} : { exitCode: failed.exitCode }
      this.#reports.set(step.index, { ...ended, status: 'failed', ...exitCode })
      this.#end(task, 'failed', startMs, failed.failure.error?.message ?? failed.failure.diagnostics?.[0]?.message)
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

  #foundCached(step: Step, key: StepKey, components: KeyComponents, { sizeBytes }: Layer): void {
    this.#cached += 1
    this.#ports.remoteResults?.offerStep(step, key)
    this.#reports.set(step.index, { status: 'cached', key, components, durationMs: 0 })
    const timeMs = this.#ports.clock.nowMs()
    this.#emit({ kind: 'task-start', task: taskOf(step), label: step.label, timeMs })
    this.#emit({ kind: 'task-end', task: taskOf(step), status: 'cached', durationMs: 0, sizeBytes, timeMs })
  }

  #end(task: string, status: TaskStatus, startMs: number, error?: string, sizeBytes?: number): void {
    const timeMs = this.#ports.clock.nowMs()
    this.#emit({
      kind: 'task-end',
      task,
      status,
      ...(error === undefined ? {} : { error }),
      durationMs: timeMs - startMs,
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
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
