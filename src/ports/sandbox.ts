/** A directory or file made visible in the container. Paths are absolute; `target` is inside the container. */
export type SandboxMount =
  | { readonly kind: 'bind'; readonly source: string; readonly target: string; readonly readonly: boolean }
  | { readonly kind: 'tmpfs'; readonly target: string; readonly sizeBytes?: number; readonly mode?: number }

export type SandboxStdio =
  | {
      readonly kind: 'capture'
      readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void
      /** `false`: why a program cannot be executed is only in the result. */
      readonly complains?: false
      /** Connects stdin to a pipe that the run's `stdin` writes to; else it is /dev/null. */
      readonly stdin?: 'pipe'
    }
  /** The caller's own stdin, stdout and stderr. `stdin: false` connects stdin to /dev/null. */
  | { readonly kind: 'inherit'; readonly stdin: boolean }
  /** A pseudo terminal of the caller's, of which `fd` is the side that programs use; the caller may close it after the start. */
  | { readonly kind: 'terminal'; readonly fd: number }

/** What differs from the usual confinement of a process. */
export interface Confinement {
  /** `CAP_…`, or `ALL`; what is dropped by name is so whatever is added. */
  readonly capAdd: readonly string[]
  readonly capDrop: readonly string[]
  readonly noNewPrivileges: boolean
  readonly seccomp: 'default' | 'unconfined'
  /** Further groups of the first process, names of the root's /etc/group or numbers. */
  readonly groupAdd: readonly string[]
  readonly sysctls: Readonly<Record<string, string>>
  readonly readonlyRoot: boolean
}

/** A device of the machine that a container may use. */
export interface DeviceGrant {
  readonly kind: 'char' | 'block'
  readonly major: number
  /** Absent for all of the major. */
  readonly minor?: number
  readonly read: boolean
  readonly write: boolean
}

/** A namespace that is not the container's own: the caller's, or the one that a path of /proc leads to. */
export type OtherNamespace = { readonly kind: 'host' } | { readonly kind: 'path'; readonly path: string }

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
  /** `prepared`: a namespace that `enter` puts the launch into, its loopback device up. */
  readonly network: 'host' | 'none' | 'prepared'
  /**
   * The words of a command as it is to be started, so that it and all that it starts is in a network namespace and a
   * control group of the caller's. Applied to the first process and to those of `exec`.
   */
  readonly enter?: (command: readonly string[]) => readonly string[]
  readonly mounts: readonly SandboxMount[]
  readonly confinement?: Confinement
  /** Of the process; 022 when not given. */
  readonly umask?: number
  /** Put a first process in front that passes signals on and waits for all that end. */
  readonly init?: boolean
  /** Processes that it sees: those of a namespace of its own, unless given. With another than its own, they outlive its first process. */
  readonly pidNamespace?: OtherNamespace
  /** Shared memory and queues: its own, unless given. `shm` is what it sees as /dev/shm then. */
  readonly ipcNamespace?: OtherNamespace & { readonly shm: string }
  /** Number of the second process; the first is always 1. Counted from there by the kernel. */
  readonly nextPid?: number
  /** As `docker run --privileged`: all that we may do ourselves, nothing hidden, no filter of system calls. */
  readonly privileged?: boolean
  /** Limits of each process: name as in the runtime-spec (`RLIMIT_NOFILE`), -1 for none. */
  readonly rlimits?: readonly { readonly type: string; readonly soft: number; readonly hard: number }[]
  /** Devices beyond the usual ones, for isolations that keep to a list of their own; the nodes are mounts. */
  readonly devices?: readonly DeviceGrant[]
  /** Size of /dev/shm; 64 MiB when not given. */
  readonly shmSizeBytes?: number
  /** Allocate a terminal; only with `inherit` and `terminal`. */
  readonly terminal: boolean
  readonly stdio: SandboxStdio
  /** Aborting kills every process of the container and resolves as soon as they are gone. */
  readonly signal?: AbortSignal
}

export interface SandboxResult {
  /** 0-255; 128 + n for death by signal n; 126 not executable and 127 not found as shells have it. */
  readonly exitCode: number
  /** Why the program could not be executed, when that is what the 126 or 127 means; it was written to stderr too. */
  readonly failure?: string
}

export type Isolation = 'crun' | 'runc' | 'builtin'

/** Characters of a terminal. */
export interface TerminalSize {
  readonly rows: number
  readonly columns: number
}

/** Where bytes for a process's stdin go. */
export interface SandboxInput {
  /** `done` is called when the bytes are with the kernel, or the process does not want them any more. */
  write(bytes: Uint8Array, done: () => void): void
  end(): void
}

/** A process in a container: its end, and ways to reach it. */
export interface SandboxProcess {
  readonly done: Promise<SandboxResult>
  /** With `stdin: 'pipe'`. */
  readonly stdin?: SandboxInput
  /** Sends a signal (`SIGTERM`, or a number) once the program runs. No-op when it has ended. */
  kill(signal: NodeJS.Signals | number): void
  /** Its id on the machine, once it executes the program and as long as it lives. */
  pid(): number | undefined
  /** Sets the size of its terminal, when it has one. */
  resize(size: TerminalSize): void
  /** With `capture`: false keeps output in its pipes, so that it waits for its readers. */
  setFlowing(flowing: boolean): void
}

/** A running container: its first process, and the way to start more. */
export interface SandboxRun extends SandboxProcess {
  /** Starts another process in the same namespaces. Throws `ToolError` as `start` does. */
  exec(request: ExecRequest): SandboxProcess
}

/** A further process of a running container. What is not given is as with its first process. */
export interface ExecRequest {
  /** Unique within the container; [a-z0-9-]. */
  readonly id: string
  readonly args: readonly string[]
  /** `K=V`, over those of the container. */
  readonly env: readonly string[]
  /** Must be there. */
  readonly cwd?: string
  readonly user?: string
  readonly privileged: boolean
  readonly terminal: boolean
  readonly stdio: Extract<SandboxStdio, { readonly kind: 'capture' | 'terminal' }>
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
