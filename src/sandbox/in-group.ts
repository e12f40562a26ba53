import type { SandboxRequest } from '../ports/index.ts'
import type { Launch } from './engine.ts'

/** The launch as it is started in a control group: what it starts is born there. */
export function inGroup(launch: Launch, enter: SandboxRequest['inGroup']): Launch {
  if (enter === undefined) return launch
  const [file = launch.file, ...args] = enter([launch.file, ...launch.args])
  return { ...launch, file, args }
}
