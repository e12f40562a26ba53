/**
 * Control groups: what a container may use at most, what it uses, how it is frozen. In: limits as the flags have them;
 * out: a group that processes are started in. Versions 1, 2 and both at once; a controller that is not given to us is
 * said, never pretended. Nothing here knows containers but by their ID.
 */
export type { Cgroup, CgroupFacts, Controller, ControllerPlace, Usage } from './cgroup.ts'
export { checkLimits, type Limits, parseCpuSet } from './limits.ts'
export { findCgroup, openCgroup, openDeviceGroup } from './open-cgroup.ts'
export { probeCgroups } from './probe-cgroups.ts'
export { sweepGroups } from './sweep-groups.ts'
export { parseUlimit, refusedUlimit, type Ulimit } from './ulimits.ts'
