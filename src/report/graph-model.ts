import { sanitizeLine } from '../base/index.ts'
import type { ProbedGraph } from '../build/index.ts'
import { type Root, rootName, type Step } from '../plan/index.ts'
import { causeText } from './cause.ts'
import { formatBytes, formatSeconds } from './plain.ts'
import type { PlannedMiss } from './plan.ts'

/** What a box stands for, and how it is coloured. */
export type BoxKind = 'image' | 'hit' | 'miss' | 'waits' | 'result'

/** A box of a drawing: one line of what it is, one of what is known about it. */
export interface GraphBox {
  readonly id: string
  readonly kind: BoxKind
  /** Where it belongs: `web 3/4`. */
  readonly head: string
  readonly text: string
  /** Time, size, and why it runs. */
  readonly note: string
  /** `Dockerfile:3`, where it has a place. */
  readonly place?: string
  readonly durationMs?: number
  readonly sizeBytes?: number
}

/** `from` is needed by `to`: it stands on it, takes files from it, or mounts it. */
export interface GraphEdge {
  readonly from: string
  readonly to: string
  readonly kind: 'base' | 'files' | 'mount'
}

/** A drawing before it is laid out: the same for all formats. */
export interface GraphModel {
  readonly title: string
  readonly boxes: readonly GraphBox[]
  readonly edges: readonly GraphEdge[]
}

/** A name for the result of each target of a graph, in its order; undefined for one that others alone need. */
export type ResultNames = readonly (string | undefined)[]

/** The steps of a build, with what the store knows of each; `misses` has why steps run, by `Step.index`. Text is made safe to show. */
export function graphModel(
  title: string,
  probed: ProbedGraph,
  results: ResultNames,
  misses: ReadonlyMap<number, PlannedMiss>,
): GraphModel {
  const boxes = new Map<string, GraphBox>()
  const edges: GraphEdge[] = []
  const idOf = (root: Root): string | undefined => {
    if (root.kind === 'scratch') return undefined
    if (root.kind === 'step') return `step-${root.step}`
    const id = rootName(root)
    const platform = `${root.platform.os}/${root.platform.architecture}`
    boxes.set(id, { id, kind: 'image', head: 'image', text: sanitizeLine(root.reference), note: platform })
    return id
  }
  const connect = (root: Root | undefined, to: string, kind: GraphEdge['kind']): void => {
    const from = root && idOf(root)
    if (from !== undefined) edges.push({ from, to, kind })
  }
  for (const step of probed.graph.steps) {
    const box = stepBox(step, probed, misses.get(step.index))
    boxes.set(box.id, box)
    connect(step.parent, box.id, 'base')
    connect(step.files, box.id, 'files')
    for (const { files } of step.mounts) connect(files, box.id, 'mount')
  }
  for (const [position, { result, stage }] of probed.graph.targets.entries()) {
    const name = results[position]
    if (name === undefined) continue
    const id = `result-${position}`
    const platform = `${stage.platform.os}/${stage.platform.architecture}`
    boxes.set(id, {
      id,
      kind: 'result',
      head: 'result',
      text: sanitizeLine(name),
      note: platform,
    })
    connect(result, id, 'base')
  }
  return { title: sanitizeLine(title), boxes: [...boxes.values()], edges }
}

function stepBox(step: Step, { outcomes }: ProbedGraph, miss: PlannedMiss | undefined): GraphBox {
  const outcome = outcomes[step.index]
  const { file, startLine } = step.operation.origin
  const [, head = '', text = step.label] = /^\[([^\]]*)\] (.*)$/s.exec(step.label) ?? []
  const base = {
    id: `step-${step.index}`,
    head: sanitizeLine(head),
    text: sanitizeLine(text),
    place: sanitizeLine(`${file}:${startLine}`),
  }
  if (outcome?.kind === 'hit') {
    const { durationMs } = outcome.record
    const { sizeBytes } = outcome.layer
    return { ...base, kind: 'hit', durationMs, sizeBytes, note: noteOf('HIT', durationMs, sizeBytes, undefined) }
  }
  const [cause] = miss?.causes ?? []
  const { durationMs, sizeBytes } = miss?.previous ?? {}
  const why = cause === undefined ? undefined : sanitizeLine(causeText(cause))
  const waits = outcome?.kind === 'unknown'
  return {
    ...base,
    kind: waits ? 'waits' : 'miss',
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    note: noteOf(waits ? 'WAITS' : 'MISS', durationMs, sizeBytes, why),
  }
}

function noteOf(
  status: string,
  durationMs: number | undefined,
  sizeBytes: number | undefined,
  why: string | undefined,
): string {
  const took = durationMs === undefined ? [] : [formatSeconds(durationMs)]
  const size = sizeBytes === undefined ? [] : [formatBytes(sizeBytes)]
  return [status, ...took, ...size, ...(why === undefined ? [] : [why])].join(' · ')
}
