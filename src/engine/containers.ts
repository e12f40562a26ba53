/**
 * What commands need to speak of containers: the words of flags, and the connection to a supervisor. A list of names, so that
 * the command line has one place to import them from.
 */
import { parseSize } from '../base/index.ts'
import { checkLimits } from '../cgroup/limits.ts'
import { parseUlimit } from '../cgroup/ulimits.ts'
import {
  parseMountFlag,
  parseRestartPolicy,
  parseTmpfsFlag,
  parseVolumeFlag,
  signalNumber,
} from '../container/index.ts'

import { parsePublish } from '../network/port-mapping.ts'

export { type ControlClient, type ControlListener, isActive } from '../container/index.ts'
export { formatHost, formatMapping } from '../network/port-mapping.ts'
export { type ContainerRoom, openContainerRoom } from './container-room.ts'
export { type CreatedContainer, type CreateRequest, createContainer, hostPath } from './create-container.ts'
export { ended, type StartedContainer, startContainer } from './start-container.ts'
export { connectSupervisor, nameOf } from './supervised.ts'

/** Texts of flags to what they mean; each throws `ToolError` `usage`. */
export const parsers = {
  volume: parseVolumeFlag,
  mount: parseMountFlag,
  tmpfs: parseTmpfsFlag,
  restartPolicy: parseRestartPolicy,
  size: parseSize,
  publish: parsePublish,
  ulimit: parseUlimit,
  checkLimits,
  signalNumber,
} as const
export {
  called,
  containerProcesses,
  containerUsage,
  killContainer,
  pauseContainer,
  renameContainer,
  restartContainer,
  type StopWishes,
  stopContainer,
  unpauseContainer,
  waitForContainer,
} from './control-container.ts'
