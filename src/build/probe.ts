import type { ContentDigest, Diagnostic } from '../base/index.ts'
import type { CopyOperation } from '../ir/index.ts'
import { inputRoot, type Root, type Step, type StepGraph, selectionKey, stepKey } from '../plan/index.ts'
import type { Layer } from '../ports/index.ts'
import { missingSourceDiagnostic } from './missing.ts'
import type { ProbedGraph, StepOutcome } from './outcome.ts'
import type { LookupPorts } from './ports.ts'

export interface ProbeOptions {
  readonly noCache: boolean
}

/**
 * Looks every step up, in order, without running, mounting or fetching anything: a fully cached build is this and
 * nothing more, and `--plan` prints it.
 */
export function probeGraph(graph: StepGraph, ports: LookupPorts, options: ProbeOptions): ProbedGraph {
  const outcomes: StepOutcome[] = []
  const diagnostics: Diagnostic[] = []
  for (const step of graph.steps) outcomes.push(probeStep(graph, step, outcomes, ports, options, diagnostics))
  return { graph, outcomes, diagnostics }
}

function probeStep(
  graph: StepGraph,
  step: Step,
  outcomes: readonly StepOutcome[],
  ports: LookupPorts,
  options: ProbeOptions,
  diagnostics: Diagnostic[],
): StepOutcome {
  const operation = step.operation
  // The context is looked at even when the key must wait, so that a missing source fails before anything runs.
  const context =
    operation.kind === 'copy' && operation.from.kind === 'context' && operation.sources.length > 0
      ? probeContext(operation, ports, diagnostics)
      : undefined
  const input = inputRoot(step)
  const parent = knownLayers(graph, input, outcomes, ports)
  if (parent === undefined) return { kind: 'unknown', waitsFor: waitsFor(graph, input) }
  let files = context
  if (operation.kind === 'copy' && step.files !== undefined) {
    const from = knownLayers(graph, step.files, outcomes, ports)
    if (from === undefined) return { kind: 'unknown', waitsFor: waitsFor(graph, step.files) }
    files = ports.records.readSelection(selectionKey(operation, contentOf(from)))?.contentDigest
    if (files === undefined) return { kind: 'unknown', waitsFor: 'a look at the files to copy' }
  }
  const { key } = stepKey(operation, platformOf(graph, step), {
    rootfs: contentOf(parent),
    ...(files === undefined ? {} : { files }),
  })
  if (options.noCache) return { kind: 'miss', key, reason: 'no cache wanted' }
  const record = ports.records.readRecord(key)
  if (record === undefined) return { kind: 'miss', key, reason: 'no record' }
  const layer = ports.layers.layer(record.diffId)
  return layer === undefined ? { kind: 'miss', key, reason: 'layer is gone' } : { kind: 'hit', record, layer }
}

function probeContext(
  operation: CopyOperation,
  ports: LookupPorts,
  diagnostics: Diagnostic[],
): ContentDigest | undefined {
  const result = ports.context.select(operation.sources, operation.sourceSpans, operation.rules)
  if (result.kind === 'selected') return result.selection.contentDigest
  diagnostics.push(...result.missing.map((missing) => missingSourceDiagnostic(operation, missing)))
  return undefined
}

/** Layers of a root that is complete in the store, or undefined. */
function knownLayers(
  graph: StepGraph,
  root: Root,
  outcomes: readonly StepOutcome[],
  ports: LookupPorts,
): readonly Layer[] | undefined {
  if (root.kind === 'scratch') return []
  if (root.kind === 'image') return ports.images.find(root.reference, root.platform)?.layers
  const outcome = outcomes[root.step]
  const step = graph.steps[root.step]
  if (outcome?.kind !== 'hit' || step === undefined) return undefined
  const parent = knownLayers(graph, step.parent, outcomes, ports)
  return parent === undefined ? undefined : [...parent, outcome.layer]
}

function waitsFor(graph: StepGraph, root: Root): string {
  if (root.kind === 'step') return graph.steps[root.step]?.label ?? ''
  return root.kind === 'image' ? `the image ${root.reference}` : ''
}

/** Content digests of layers, bottom first: the identity of a root filesystem. */
export function contentOf(layers: readonly Layer[]): readonly ContentDigest[] {
  return layers.map((layer) => layer.contentDigest)
}

/** Platform of the stage a step belongs to. */
export function platformOf(graph: StepGraph, step: Step): { readonly os: string; readonly architecture: string } {
  return graph.stages.find((stage) => stage.stage.index === step.stage)?.stage.platform ?? graph.target.stage.platform
}
