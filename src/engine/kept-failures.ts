import { ToolError } from '../base/index.ts'
import { type FailedStep, failedSteps, removeFailedStep } from '../store/failed-steps.ts'
import { openStore } from '../store/index.ts'
import { type Host, storeRoot } from './host.ts'
import { enterNamespace } from './namespace.ts'

export type { FailedStep } from '../store/failed-steps.ts'

/** The failed steps that are kept, the newest first. */
export function listFailedSteps(host: Host, root: string | undefined): readonly FailedStep[] {
  return failedSteps(storeRoot(host, root))
}

/** The failed step of an ID or its beginning. Throws `ToolError` `usage`. */
export function findFailedStep(host: Host, root: string | undefined, id: string): FailedStep {
  const found = listFailedSteps(host, root).filter((step) => step.id.startsWith(id.toLowerCase()))
  const [step] = found
  if (step !== undefined && found.length === 1 && id !== '') return step
  const problem = step === undefined ? 'no failed step is kept' : 'several failed steps are kept'
  throw new ToolError('usage', `${problem} under "${id}"`, {
    hint: 'longshore debug lists them; a step is kept until the next build of its Dockerfile and context',
  })
}

/** Removes failed steps. As a user this starts the command anew first. Throws `ToolError` `usage` for one that is in use. */
export async function removeFailedSteps(
  host: Host,
  root: string | undefined,
  ids: readonly string[],
): Promise<readonly string[]> {
  const store = openStore(storeRoot(host, root))
  const steps = ids.map((id) => findFailedStep(host, root, id))
  if (host.uid !== 0) await enterNamespace(host, store)
  for (const { id } of steps) {
    if (removeFailedStep(store.root, id)) continue
    throw new ToolError('usage', `somebody works in the failed step ${id}`, { hint: 'end the shell there first' })
  }
  return steps.map(({ id }) => id)
}
