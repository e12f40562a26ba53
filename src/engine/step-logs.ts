import type { StepKey } from '../base/index.ts'
import type { BuildTrace } from '../ports/index.ts'
import { openStore } from '../store/index.ts'
import { type Host, storeRoot } from './host.ts'

/** The whole output of a step, as its processes wrote it; undefined when it wrote nothing or is not remembered. */
export function readStepLog(host: Host, root: string | undefined, key: StepKey): Uint8Array | undefined {
  return openStore(storeRoot(host, root)).records.readLog(key)
}

/** The output of a step that failed in `trace`, by `Step.index`. */
export function readFailedLog(
  host: Host,
  root: string | undefined,
  project: string,
  trace: BuildTrace,
  step: number,
): Uint8Array | undefined {
  return openStore(storeRoot(host, root)).traces.readFailedLog(project, trace.id, step)
}
