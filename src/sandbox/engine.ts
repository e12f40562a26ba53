import type { ResolvedUser } from '../base/index.ts'
import type { ExecRequest, Isolation, SandboxMount, SandboxRequest } from '../ports/index.ts'
import type { ContainerRoot } from './container-root.ts'

/** A container that is ready to be started: everything resolved that does not depend on how it is isolated. */
export interface Container {
  readonly request: SandboxRequest
  readonly root: ContainerRoot
  readonly user: ResolvedUser
  readonly env: readonly string[]
  /** Real path of the working directory inside the root. */
  readonly cwd: string
  /** Program to execute, an absolute path inside the container. */
  readonly program: string
  /** The same as execve(2) is to get it, and so a script as $0: relative to the working directory when it was asked for so. */
  readonly execPath: string
  /** Mounts below /dev, which only the isolation can make. */
  readonly deviceMounts: readonly SandboxMount[]
  /** The container's entry in the state directory; the launch writes the first process's id to `pid` there. */
  readonly state: string
}

/** What ended: code, or the signal that killed the started process. */
export interface ChildExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** What was written to the status pipe, empty when the launch asked for none. */
  readonly status: Uint8Array
}

/** How the container ended: its exit code, or why its program could not be executed, or why it was not even made. */
export type Outcome =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'not-executed'; readonly errno: number }
  | { readonly kind: 'not-made'; readonly reason: string }

/** A command that runs the container in the foreground. */
export interface Launch {
  readonly file: string
  readonly args: readonly string[]
  /** Environment of `file`, as host program: never the container's. */
  readonly env: Readonly<Record<string, string>>
  /** Ask for a pipe on descriptors 2 and 3; the container's stderr is on 4 then. */
  readonly statusPipe: boolean
  /** `fileIdentity` of the isolation's own programs: while the first process executes one, the container's has not started. */
  readonly tools: readonly string[]
  /** False when changes of the terminal's size must be passed on by us. */
  readonly passesTerminalSize: boolean
  outcome(exit: ChildExit): Outcome
  /** Ends and removes what a launch leaves that was killed, by us or by anybody (the kernel, short of memory). */
  afterKill(): void
}

/** A further process that is ready to be started in a running container. */
export interface ContainerExec {
  readonly container: Container
  /** The container's first process on the machine. */
  readonly init: number
  readonly request: ExecRequest
  readonly user: ResolvedUser
  readonly env: readonly string[]
  readonly cwd: string
  readonly program: string
  readonly execPath: string
  /** A directory of this exec alone; the launch writes the process's id to `pid` there. */
  readonly state: string
}

/** The launch as the request wants it entered. Whatever goes before the launch becomes it, and keeps its process id. */
export function enteringLaunch({ enter }: Pick<SandboxRequest, 'enter'>, launch: Launch): Launch {
  if (enter === undefined) return launch
  const [file = launch.file, ...args] = enter([launch.file, ...launch.args])
  return { ...launch, file, args }
}

/** One rung of isolation. */
export interface Engine {
  readonly isolation: Isolation
  /** Makes the mounts and files this isolation needs; they vanish with the root and the request's scratch directory. */
  prepare(container: Container): Launch
  /** A launch that ends as the process does. Files it needs lie in the exec's state directory. */
  prepareExec(exec: ContainerExec): Launch
}
