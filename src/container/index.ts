/**
 * The container side of an image: which process it starts, with which mounts, under which name. In: an image config and
 * what the user asks. Out: plain data for the sandbox. Nothing here runs a process.
 */
export { lockName, type NameLock, randomContainerId } from './name-lock.ts'
export { type ContainerOptions, type ContainerProcess, containerProcess, parseVolume } from './run-spec.ts'
