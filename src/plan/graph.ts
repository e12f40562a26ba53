import { assertNever, invariant } from '../base/index.ts'
import type {
  BindMount,
  CacheMount,
  CopyOperation,
  FileSource,
  MountSource,
  Operation,
  Program,
  RunOperation,
  Stage,
  StageBase,
  WorkdirOperation,
} from '../ir/index.ts'
import { formatPlatform, type Platform } from '../oci/index.ts'
import type { Epoch } from './epoch.ts'

/** A root filesystem, by how it comes to be. */
export type Root =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'image'; readonly reference: string; readonly platform: Platform }
  | { readonly kind: 'step'; readonly step: number }

/** An operation that makes a layer. */
export type LayerOperation = RunOperation | CopyOperation | WorkdirOperation

/** A mount of RUN with files that have to be there before it runs. */
export interface MountInput {
  readonly mount: BindMount | CacheMount
  /** What it shows, or begins with. */
  readonly source: MountSource
  /** Where they are; absent for the build context. */
  readonly files?: Root
}

/** One node of the graph: an operation on a root filesystem. */
export interface Step {
  /** Position in `StepGraph.steps`; every step comes after those it needs. */
  readonly index: number
  /** `Stage.index` it belongs to. */
  readonly stage: number
  /** As progress shows it: `[build 2/5] RUN make`. */
  readonly label: string
  readonly operation: LayerOperation
  readonly parent: Root
  /** The stage or image a COPY --from takes its files from; absent for contexts and for other operations. */
  readonly files?: Root
  /** Empty but for a RUN with such mounts. */
  readonly mounts: readonly MountInput[]
}

/** The root filesystem that a step's result depends on: nothing for COPY --link, whose layer fits on any. */
export function inputRoot({ operation, parent }: Step): Root {
  return operation.kind === 'copy' && operation.link === true ? { kind: 'scratch' } : parent
}

/** Whether a COPY or ADD takes files from somewhere: one with heredocs alone does not. */
export function takesFiles({ sources, remotes = [] }: Pick<CopyOperation, 'sources' | 'remotes'>): boolean {
  return sources.length + remotes.length > 0
}

/** A stage with its steps placed in the graph. */
export interface PlannedStage {
  readonly stage: Stage
  /** `[build 1/5] FROM debian:bookworm-slim`. */
  readonly label: string
  readonly base: Root
  readonly steps: readonly number[]
  readonly result: Root
  /** In a graph of several platforms: the number it has in the Dockerfile, and its platform. */
  readonly dockerfileIndex?: number
  readonly platform?: string
}

/** The steps of a build and what each needs. Holds only what the target needs. */
export interface StepGraph {
  readonly steps: readonly Step[]
  readonly stages: readonly PlannedStage[]
  readonly target: PlannedStage
  /** Every target, in the order asked for; `target` alone, or last. */
  readonly targets: readonly PlannedStage[]
  /** The moment everything new is dated to; absent for the time at which it is made. */
  readonly epoch?: Epoch
}

/**
 * Lays the operations of a program out as a graph of steps. Pure; the program's stages come ordered by need. With
 * `showPlatforms` labels begin with the platform of their stage.
 */
export function planGraph(program: Program, epoch?: Epoch, showPlatforms = false): StepGraph {
  const steps: Step[] = []
  const stages = new Map<number, PlannedStage>()
  for (const stage of program.stages) {
    const platform = showPlatforms ? [formatPlatform(stage.platform)] : []
    const name = program.stageCount > 1 ? [displayName(stage)] : []
    stages.set(stage.index, planStage(stage, [...platform, ...name], steps, stages))
  }
  const target = stages.get(program.target)
  invariant(target !== undefined, 'the target stage is not part of the program')
  const targets = (program.targets ?? [program.target]).map((index) => {
    const found = stages.get(index)
    invariant(found !== undefined, 'a target stage is not part of the program')
    return found
  })
  return { steps, stages: [...stages.values()], target, targets, ...(epoch === undefined ? {} : { epoch }) }
}

function planStage(
  stage: Stage,
  prefix: readonly string[],
  steps: Step[],
  planned: ReadonlyMap<number, PlannedStage>,
): PlannedStage {
  const base = baseRoot(stage.base, planned)
  const operations = stage.operations.filter(makesLayer)
  const total = operations.length + 1
  const number = (position: number): string => `[${[...prefix, `${position}/${total}`].join(' ')}]`
  const own: number[] = []
  let parent = base
  for (const [position, operation] of operations.entries()) {
    const index = steps.length
    const files = operation.kind === 'copy' && takesFiles(operation) ? fileRoot(operation.from, planned) : undefined
    const step = {
      index,
      stage: stage.index,
      label: `${number(position + 2)} ${operation.origin.text}`,
      operation,
      parent,
      mounts: operation.kind === 'run' ? mountInputs(operation, planned) : [],
    }
    steps.push(files === undefined ? step : { ...step, files })
    own.push(index)
    parent = { kind: 'step', step: index }
  }
  return { stage, label: `${number(1)} ${stage.origin.text}`, base, steps: own, result: parent }
}

function mountInputs(run: RunOperation, planned: ReadonlyMap<number, PlannedStage>): readonly MountInput[] {
  return run.mounts.flatMap((mount) => {
    const source = mount.kind === 'bind' ? mount : mount.kind === 'cache' ? mount.initial : undefined
    if (source === undefined || (mount.kind !== 'bind' && mount.kind !== 'cache')) return []
    const files = fileRoot(source.from, planned)
    return [files === undefined ? { mount, source } : { mount, source, files }]
  })
}

/** Unnamed stages show as `stage-1`, as BuildKit has it. */
function displayName(stage: Stage): string {
  return stage.name === String(stage.index) ? `stage-${stage.index}` : stage.name
}

function makesLayer(operation: Operation): operation is LayerOperation {
  return operation.kind !== 'metadata'
}

function baseRoot(base: StageBase, planned: ReadonlyMap<number, PlannedStage>): Root {
  switch (base.kind) {
    case 'scratch':
      return base
    case 'image':
      return base
    case 'stage':
      return stageResult(base.stage, planned)
    default:
      return assertNever(base)
  }
}

function fileRoot(from: FileSource, planned: ReadonlyMap<number, PlannedStage>): Root | undefined {
  switch (from.kind) {
    case 'context':
    case 'named':
    case 'workspace':
      return undefined
    case 'image':
      return from
    case 'stage':
      return stageResult(from.stage, planned)
    default:
      return assertNever(from)
  }
}

function stageResult(index: number, planned: ReadonlyMap<number, PlannedStage>): Root {
  const stage = planned.get(index)
  invariant(stage !== undefined, `stage ${index} is used before it is planned`)
  return stage.result
}

/** One string per distinct root, to use as a map key. */
export function rootName(root: Root): string {
  switch (root.kind) {
    case 'scratch':
      return 'scratch'
    case 'step':
      return `step ${root.step}`
    case 'image':
      return `image ${root.platform.os}/${root.platform.architecture}/${root.platform.variant ?? ''} ${root.reference}`
    default:
      return assertNever(root)
  }
}

/** Every image the graph needs, once each: bases first, then what COPY --from and mounts take files from. */
export function graphImages(graph: StepGraph): readonly Extract<Root, { kind: 'image' }>[] {
  const found = new Map<string, Extract<Root, { kind: 'image' }>>()
  const sources = graph.steps.flatMap((step) => [step.files, ...step.mounts.map((mount) => mount.files)])
  const roots = [...graph.stages.map((stage) => stage.base), ...sources]
  for (const root of roots) if (root?.kind === 'image') found.set(rootName(root), root)
  return [...found.values()]
}
