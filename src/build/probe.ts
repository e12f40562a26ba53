import type { ContentDigest, Diagnostic } from '../base/index.ts'
import type { Origin } from '../ir/index.ts'
import type { Platform } from '../oci/index.ts'
import { inputRoot, type Root, type Step, type StepGraph, selectionKey, stepKey, takesFiles } from '../plan/index.ts'
import type { Layer } from '../ports/index.ts'
import { type CachePolicy, lookUpStep } from './look-up.ts'
import { missingSourceDiagnostic } from './missing.ts'
import type { ProbedGraph, StepOutcome } from './outcome.ts'
import type { LookupPorts, WantedFiles } from './ports.ts'
import { selectParts } from './select-parts.ts'

/**
 * Looks every step up, in order, without running, mounting or fetching anything: a fully cached build is this and
 * nothing more, and `--plan` prints it.
 */
export function probeGraph(graph: StepGraph, ports: LookupPorts, options: CachePolicy): ProbedGraph {
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
  options: CachePolicy,
  diagnostics: Diagnostic[],
): StepOutcome {
  const { operation } = step
  const find = (wanted: WantedFiles, root: Root | undefined): FoundFiles =>
    root === undefined
      ? probeTrees(operation.origin, wanted, ports, diagnostics)
      : probeLayers(graph, root, wanted, outcomes, ports)
  // The context is looked at even when the key must wait, so that a missing source fails before anything runs.
  const files = operation.kind === 'copy' && takesFiles(operation) ? find(operation, step.files) : undefined
  const mounts = step.mounts.map((mount) => find(mount.source, mount.files))
  const input = inputRoot(step)
  const parent = knownLayers(graph, input, outcomes, ports)
  if (parent === undefined) return { kind: 'unknown', waitsFor: waitsFor(graph, input) }
  const waiting = [files, ...mounts].find((found) => found?.kind === 'waits')
  if (waiting?.kind === 'waits') return { kind: 'unknown', waitsFor: waiting.waitsFor }
  const { key, components } = stepKey(operation, platformOf(graph, step), {
    rootfs: contentOf(parent),
    epoch: graph.epoch,
    ...(files?.kind === 'found' ? { files: files.digest } : {}),
    mounts: mounts.flatMap((found) => (found.kind === 'found' ? [found.digest] : [])),
  })
  const found = lookUpStep(step, key, ports, options)
  return found.kind === 'hit' ? found : { ...found, key, components }
}

/** Identity of files that a step takes, or what has to come first. */
type FoundFiles =
  | { readonly kind: 'found'; readonly digest: ContentDigest }
  | { readonly kind: 'waits'; readonly waitsFor: string }

function probeTrees(origin: Origin, wanted: WantedFiles, ports: LookupPorts, diagnostics: Diagnostic[]): FoundFiles {
  const result = selectParts(wanted, ports)
  if (result.kind === 'selected') return { kind: 'found', digest: result.selection.digest }
  diagnostics.push(...result.missing.map((missing) => missingSourceDiagnostic(origin, wanted, missing)))
  return { kind: 'waits', waitsFor: 'files that are missing' }
}

function probeLayers(
  graph: StepGraph,
  root: Root,
  wanted: WantedFiles,
  outcomes: readonly StepOutcome[],
  ports: LookupPorts,
): FoundFiles {
  const from = knownLayers(graph, root, outcomes, ports)
  if (from === undefined) return { kind: 'waits', waitsFor: waitsFor(graph, root) }
  const known = ports.records.readSelection(selectionKey(wanted, contentOf(from)))
  return known === undefined
    ? { kind: 'waits', waitsFor: 'a look at the files to take' }
    : { kind: 'found', digest: known.contentDigest }
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
export function platformOf(graph: StepGraph, step: Step): Platform {
  return graph.stages.find((stage) => stage.stage.index === step.stage)?.stage.platform ?? graph.target.stage.platform
}
