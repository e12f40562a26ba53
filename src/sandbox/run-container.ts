import { join, posix } from 'node:path'
import { isatty } from 'node:tty'
import { errorMessage, invariant, ToolError } from '../base/index.ts'
import type { SandboxProcess, SandboxRequest, SandboxResult, SandboxRun } from '../ports/index.ts'
import { type StartedChild, startChild } from './child-process.ts'
import { findCommand, findMountedScript } from './container-command.ts'
import { containerEnv } from './container-env.ts'
import { isDeviceMount, mountInRoot } from './container-mounts.ts'
import { ContainerRoot } from './container-root.ts'
import { containerUser } from './container-user.ts'
import { type Container, type Engine, enteringLaunch, type Launch } from './engine.ts'
import { execInContainer } from './exec-in-container.ts'
import { networkFiles } from './network-files.ts'
import { complain, concludeOutcome, endedProcess, finishedProcess, notMade } from './process-end.ts'
import { pidFile, type StateDirectory } from './state-directory.ts'
import { findInit, signalInit, stopContainer } from './stop-container.ts'
import { followTerminalSize, resizeConsole } from './terminal-size.ts'

/**
 * Runs one container with `engine`. What can be known to be wrong beforehand (user, mounts, working directory) throws;
 * a program that is not there ends the run with 127 or 126 and a line on stderr, alike for all engines.
 */
export function runContainer(engine: Engine, state: StateDirectory, request: SandboxRequest): SandboxRun {
  invariant(/^[a-z0-9][a-z0-9-]{0,39}$/.test(request.id), `container id ${JSON.stringify(request.id)}`)
  if (request.signal?.aborted) return withoutExec(endedProcess(Promise.resolve({ exitCode: 137 })))
  if (request.terminal) requireTerminal(request)
  const root = new ContainerRoot(request.rootfs)
  const entry = state.enter(request.id)
  const release = (): void => {
    root.close()
    entry.remove()
  }
  try {
    const prepared = prepareContainer(root, entry.path, request)
    if (prepared.kind === 'failed') {
      release()
      return withoutExec(finishedProcess(request.stdio, prepared))
    }
    const launch = enteringLaunch(request, engine.prepare(prepared.container))
    const child = startChild(launch, request, prepared.container.user)
    if (child.pid !== undefined) entry.record(child.pid)
    return followRun(engine, prepared.container, launch, child, release)
  } catch (error) {
    release()
    throw error instanceof ToolError ? error : notMade(errorMessage(error), error)
  }
}

/** The container's terminal is a relay of ours, so there must be one. */
function requireTerminal(request: SandboxRequest): void {
  if (request.stdio.kind === 'terminal') return
  invariant(request.stdio.kind === 'inherit', 'a terminal is not captured')
  if (isatty(0)) return
  throw new ToolError('usage', 'a terminal is asked for, but standard input is none', {
    hint: 'leave -t (--tty) out, or run the command in a terminal',
  })
}

type Prepared =
  | { readonly kind: 'ready'; readonly container: Container }
  | { readonly kind: 'failed'; readonly exitCode: 126 | 127; readonly message: string }

function prepareContainer(root: ContainerRoot, state: string, request: SandboxRequest): Prepared {
  const user = containerUser(root, request.user, request.confinement?.groupAdd)
  const env = containerEnv(request.env, user.home)
  const deviceMounts = request.mounts.filter(isDeviceMount)
  const mounts = [...networkFiles(request), ...request.mounts.filter((mount) => !isDeviceMount(mount))]
  for (const mount of mounts) mountInRoot(root, mount)
  const cwd = workingDirectory(root, request.cwd, user)
  const [command = ''] = request.args
  const lookup = findMountedScript(root, command, deviceMounts) ?? findCommand(root, command, env, cwd, user)
  if (lookup.kind === 'failed') return lookup
  return {
    kind: 'ready',
    container: {
      request,
      root,
      user,
      env,
      cwd,
      ...{ program: lookup.path, execPath: lookup.execPath },
      deviceMounts,
      state,
    },
  }
}

/**
 * The real path of the working directory, made when missing. One below /proc is refused: it could name a descriptor of
 * the runtime, and so a directory of the host (CVE-2024-21626). Those of /sys and /dev are there once these are mounted.
 */
function workingDirectory(
  root: ContainerRoot,
  path: string,
  owner: { readonly uid: number; readonly gid: number },
): string {
  invariant(path.startsWith('/'), `working directory ${JSON.stringify(path)} is absolute`)
  const normal = posix.normalize(path)
  if (/^\/(dev|sys)(\/|$)/.test(normal)) return normal
  const found = /^\/proc\/./.test(normal) ? undefined : root.make(normal, owner)
  if (found === undefined || found.real.startsWith('/proc/')) {
    throw new ToolError('run-failed', `working directory ${JSON.stringify(path)} is below /proc`, {
      hint: 'choose a directory of the image with WORKDIR or --workdir',
    })
  }
  if (found.isDirectory) return found.real
  throw new ToolError('run-failed', `working directory ${JSON.stringify(path)} is a file in the image`, {
    hint: 'choose a directory with WORKDIR or --workdir',
  })
}

/** A container that never was takes no further processes. */
function withoutExec(process: SandboxProcess): SandboxRun {
  return {
    ...process,
    exec() {
      throw notRunning()
    },
  }
}

function notRunning(): ToolError {
  return new ToolError('container-failed', 'the container is not running', {
    hint: 'start it first: longshore start',
  })
}

function followRun(
  engine: Engine,
  container: Container,
  launch: Launch,
  child: StartedChild,
  release: () => void,
): SandboxRun {
  const { signal } = container.request
  let ended = false
  let isStopped = false
  const stopping = Promise.withResolvers<void>()
  const running = { child, launch, pidFile: join(container.state, pidFile), hasEnded: () => ended }
  const abort = (): void => {
    isStopped = true
    stopContainer(running).then(stopping.resolve, stopping.reject)
  }
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted) abort()
  const { stdio, terminal } = container.request
  const follows = terminal && stdio.kind === 'inherit' && !launch.passesTerminalSize
  const unfollow = follows ? followTerminalSize(running) : () => undefined
  const finish = async (): Promise<SandboxResult> => {
    try {
      // When it cannot be stopped, that is the end of waiting for it.
      const exit = await Promise.race([child.exit, stopping.promise.then(() => child.exit)])
      ended = true
      if (isStopped) await stopping.promise
      return isStopped ? { exitCode: 128 + 9 } : conclude(container, launch.outcome(exit))
    } catch (error) {
      throw error instanceof ToolError ? error : notMade(errorMessage(error), error)
    } finally {
      ended = true
      signal?.removeEventListener('abort', abort)
      unfollow()
      release()
    }
  }
  const init = (): number | undefined => (ended ? undefined : findInit(running))
  return {
    done: finish(),
    ...(child.stdin === undefined ? {} : { stdin: child.stdin }),
    kill: (name) => signalInit(running, name),
    pid: init,
    resize(size) {
      const pid = terminal ? init() : undefined
      if (pid !== undefined) resizeConsole(pid, size)
    },
    setFlowing: (flowing) => child.setFlowing(flowing),
    exec(request) {
      const pid = init()
      if (pid === undefined) throw notRunning()
      return execInContainer(engine, container, pid, request)
    },
  }
}

function conclude(container: Container, outcome: ReturnType<Launch['outcome']>): SandboxResult {
  const { request, program } = container
  return concludeOutcome(outcome, (errno) => ({
    container,
    ...{ command: request.args[0] ?? '', program, errno },
    complain: (message) => complain(request.stdio, message),
  }))
}
