import type { Limits } from './limits.ts'

/** `cpuacct`, `freezer` and `devices` are controllers of version 1 only; version 2 counts, freezes and filters in every group. */
export type Controller = 'memory' | 'cpu' | 'cpuacct' | 'cpuset' | 'pids' | 'io' | 'freezer' | 'devices'

export const controllers: readonly Controller[] = [
  ...(['memory', 'cpu', 'cpuacct', 'cpuset', 'pids', 'io', 'freezer', 'devices'] as const),
]

/** What version 2 does in every group, without a controller. */
export const builtInControllers: readonly Controller[] = ['cpuacct', 'freezer', 'devices']

/** Where a controller's files of our containers are, or why they cannot be had. */
export type ControllerPlace =
  | {
      readonly kind: 'there'
      readonly version: 'v1' | 'v2'
      /** Directory below which containers get theirs; made when missing. */
      readonly parent: string
    }
  | { readonly kind: 'missing'; readonly reason: string }

/** What this machine's cgroups offer to this user. */
export interface CgroupFacts {
  readonly layout: 'v1' | 'v2' | 'hybrid' | 'none'
  readonly controllers: Readonly<Record<Controller, ControllerPlace>>
}

/** What a container uses now. Fields of controllers that are not there are absent. */
export interface Usage {
  readonly memoryBytes?: number
  /** Absent when there is none. */
  readonly memoryLimitBytes?: number
  readonly cpuNs?: number
  readonly pids?: number
  readonly pidsLimit?: number
  readonly readBytes?: number
  readonly writtenBytes?: number
}

/**
 * The control group of one container: a directory in each hierarchy. Held by descriptors, since a runtime's mount
 * namespace may cover the hierarchies.
 */
export interface Cgroup {
  /** Limits that this machine cannot hold, in words for the user; they are not set. */
  readonly notes: readonly string[]
  /** `command` as it must be started so that it and all that it starts is in the group. Works for the first process and for `exec`. */
  enter(command: readonly string[]): readonly string[]
  /** Changes limits while the container runs. Throws `ToolError` `limit-unavailable` where the controller is missing. */
  update(limits: Limits): void
  usage(): Usage
  /** Why what some controllers count cannot be told, in words for the user. */
  uncounted(): readonly string[]
  /** Ids of all processes in it. */
  processes(): readonly number[]
  /** True when the kernel killed a process of it for want of memory, since it was made or `forgetOom` was called. */
  wasOomKilled(): boolean
  forgetOom(): void
  /** Stops all its processes at once, resolves when they stand still; false when the machine has no freezer. */
  freeze(): Promise<boolean>
  thaw(): void
  /** Kills what is still in it and removes it. */
  remove(): Promise<void>
}
