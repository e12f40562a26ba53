/** A directory or file made visible in the container. Paths are absolute; `target` is inside the container. */
export type SandboxMount =
  | { readonly kind: 'bind'; readonly source: string; readonly target: string; readonly readonly: boolean }
  | { readonly kind: 'tmpfs'; readonly target: string; readonly sizeBytes?: number; readonly mode?: number }

export type SandboxStdio =
  | {
      readonly kind: 'capture'
      readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void
    }
  /** The caller's own stdin, stdout and stderr. `stdin: false` connects stdin to /dev/null. */
  | { readonly kind: 'inherit'; readonly stdin: boolean }

export interface SandboxRequest {
  /** Unique; [a-z0-9-], at most 40 characters. */
  readonly id: string
  /** Mounted, writable root filesystem. */
  readonly rootfs: string
  /** A private directory of this run for bundle and generated files; removed by the caller. */
  readonly scratch: string
  readonly args: readonly string[]
  /** `K=V`; nothing else of the host's environment reaches the process, but HOME is added from passwd when it is missing. */
  readonly env: readonly string[]
  /** Absolute; created 0755, owned by the user, when missing; resolved inside the root. */
  readonly cwd: string
  /** `user[:group]`, names or numbers, resolved in the root's /etc/passwd and /etc/group; empty is root. */
  readonly user: string
  readonly hostname: string
  readonly network: 'host' | 'none'
  readonly mounts: readonly SandboxMount[]
  /** Of the process; 022 when not given. */
  readonly umask?: number
  /** Number of the second process; the first is always 1. Counted from there by the kernel. */
  readonly nextPid?: number
  /** As `docker run --privileged`: all that we may do ourselves, nothing hidden, no filter of system calls. */
  readonly privileged?: boolean
  /** Allocate a terminal; only with `inherit`. */
  readonly terminal: boolean
  readonly stdio: SandboxStdio
  /** Aborting kills every process of the container and resolves as soon as they are gone. */
  readonly signal?: AbortSignal
}

export interface SandboxResult {
  /** 0-255; 128 + n for death by signal n; 126 not executable and 127 not found as shells have it. */
  readonly exitCode: number
}

export type Isolation = 'crun' | 'runc' | 'builtin'

/** A running container: its end, and a way to send it signals. */
export interface SandboxRun {
  readonly done: Promise<SandboxResult>
  /** Sends a signal (`SIGTERM` …) to the container's first process. No-op when it has ended. */
  kill(signal: NodeJS.Signals): void
}

/**
 * Runs one process in a root filesystem. What it had to create there to mount on (files and directories that were
 * missing) is gone again when `done` resolves, and the parents' times are as before; /dev, /proc and /sys
 * stay, as BuildKit leaves them. Throws `ToolError`: `isolation-unavailable`, `user-not-found`, `run-failed`.
 */
export interface Sandbox {
  readonly isolation: Isolation
  start(request: SandboxRequest): SandboxRun
}
