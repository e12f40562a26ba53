/**
 * Containers as they are kept: what one was created as, how it is, its name, its log, and how to talk to the process
 * that looks after it. In: an image config and what the user asks. Out: plain data and files. Nothing here runs a process.
 */

export { markProcess } from '../sys/process-mark.ts'
export { randomContainerId, randomName } from './container-names.ts'
export type {
  ContainerSpec,
  LimitsSpec,
  LogSpec,
  MountSpec,
  NetworkSpec,
  PortSpec,
  RestartPolicy,
  SecuritySpec,
} from './container-spec.ts'
export {
  type ContainerState,
  type ContainerStatus,
  createdState,
  type HealthState,
  isActive,
  statuses,
} from './container-state.ts'
export { type ContainerStore, type NewContainer, openContainers } from './container-store.ts'
export { type ControlClient, type ControlListener, controlClient } from './control-client.ts'
export type { ControlReply, ControlRequest, ExecSpec, UsageReply } from './control-messages.ts'
export { connectForControl, listenForControl } from './control-socket.ts'
export { LogFile, type LogRecord, logPath } from './log-files.ts'
export { openLog } from './log-writer.ts'
export { parseMountFlag, parseTmpfsFlag, parseVolumeFlag } from './mount-flags.ts'
export { parseRestartPolicy } from './restart-policy.ts'
export { type ContainerOptions, type ContainerProcess, containerProcess } from './run-spec.ts'
export { signalNumber } from './signals.ts'
