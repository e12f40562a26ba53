import type { ToolErrorCode } from '../base/index.ts'

/** A process to start inside a running container. */
export interface ExecSpec {
  readonly args: readonly string[]
  /** `K=V`, over the container's own. */
  readonly env: readonly string[]
  readonly cwd?: string
  readonly user?: string
  readonly privileged: boolean
  readonly terminal: boolean
  readonly openStdin: boolean
  readonly size?: { readonly rows: number; readonly columns: number }
  /** Nobody waits for it or hears it. */
  readonly detached: boolean
}

/** What a client asks of a supervisor, one message each. stdin goes as frames of its own. */
export type ControlRequest =
  /** Hear the container's output from now on, and with `stdin` write to it. */
  | {
      readonly op: 'attach'
      readonly stdin: boolean
      readonly output: boolean
      readonly size?: { readonly rows: number; readonly columns: number }
    }
  /** Start the container: the first thing a new supervisor is told. */
  | { readonly op: 'start' }
  | ({ readonly op: 'exec' } & ExecSpec)
  | { readonly op: 'stdin-end' }
  | { readonly op: 'resize'; readonly rows: number; readonly columns: number }
  /** To the container's first process; on an exec's connection, to that one. */
  | { readonly op: 'signal'; readonly signal: number }
  /** Answered when it has ended. A negative timeout waits for ever. */
  | { readonly op: 'stop'; readonly timeoutSeconds: number; readonly signal: number }
  | { readonly op: 'restart'; readonly timeoutSeconds: number; readonly signal: number }
  | { readonly op: 'wait' }
  | { readonly op: 'pause' }
  | { readonly op: 'unpause' }
  | { readonly op: 'processes' }
  | { readonly op: 'usage' }

/** What a container uses now. What is not counted here is absent; times and sums since its start. */
export interface UsageReply {
  readonly memoryBytes?: number
  readonly memoryLimitBytes?: number
  readonly cpuNs?: number
  readonly pids?: number
  readonly readBytes?: number
  readonly writtenBytes?: number
  /** Of its own network; absent when it has none. */
  readonly receivedBytes?: number
  readonly sentBytes?: number
  /** Why something is absent, in words for the user. */
  readonly uncounted: readonly string[]
}

/** What a supervisor says. */
export type ControlReply =
  | {
      readonly kind: 'started'
      readonly pid: number
      /** What the user should hear: what was asked for and could not be had. */
      readonly notes?: readonly string[]
    }
  /** What was asked for was done. */
  | { readonly kind: 'done' }
  | {
      readonly kind: 'failed'
      readonly code: ToolErrorCode
      readonly message: string
      readonly hint?: string
      /** For a program that cannot be executed: 126 or 127. */
      readonly exitCode?: number
    }
  /** The container, or the exec of this connection, has ended; nothing follows. */
  | { readonly kind: 'exited'; readonly exitCode: number; readonly error?: string }
  | { readonly kind: 'processes'; readonly pids: readonly number[] }
  | ({ readonly kind: 'usage' } & UsageReply)
