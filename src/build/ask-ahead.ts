import type { ContentDigest } from '../base/index.ts'
import { inputRoot, type Step, stepKey, takesFiles } from '../plan/index.ts'
import { type CachePolicy, lookUpStep, mustExecute } from './look-up.ts'
import type { ProbedGraph } from './outcome.ts'
import type { RemoteResultsPort, RunPorts } from './ports.ts'
import { platformOf } from './probe.ts'
import { selectParts } from './select-parts.ts'

/**
 * Has the steps right above `step` fetched while its own layer is still on its way: `content` is what the tree is said to be that
 * it makes. Only a guess rests on that: a result comes under its own key, checked like any other, and is never looked up
 * when the guess was wrong. Steps that need other stages are left to their turn.
 */
export function askAhead(
  probed: ProbedGraph,
  ports: RunPorts,
  policy: CachePolicy,
  remote: RemoteResultsPort,
  step: Step,
  content: readonly ContentDigest[],
): void {
  for (const next of probed.graph.steps) {
    const root = inputRoot(next)
    if (root.kind !== 'step' || root.step !== step.index || next.mounts.length > 0 || next.files !== undefined) continue
    if (mustExecute(next, policy)) continue
    const { operation } = next
    const taken = operation.kind === 'copy' && takesFiles(operation) ? selectParts(operation, ports) : undefined
    if (taken?.kind === 'missing') continue
    const { key, components } = stepKey(operation, platformOf(probed.graph, next), {
      rootfs: content,
      epoch: probed.graph.epoch,
      ...(taken === undefined ? {} : { files: taken.selection.digest }),
      mounts: [],
    })
    if (lookUpStep(next, key, ports, policy).kind === 'hit') continue
    const fetching = remote.fetchStep(next, key, components, (digest) =>
      askAhead(probed, ports, policy, remote, next, [...content, digest]),
    )
    // Whoever comes to the step in its turn waits for the same, and is told.
    fetching.catch(() => undefined)
  }
}
