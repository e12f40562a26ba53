import { writeSync } from 'node:fs'
import { join, posix } from 'node:path'
import { isatty } from 'node:tty'
import { assertNever, errorMessage, invariant, ToolError } from '../base/index.ts'
import type { SandboxRequest, SandboxResult, SandboxRun } from '../ports/index.ts'
import { type StartedChild, startChild } from './child-process.ts'
import { explainExecFailure, findCommand, findMountedScript } from './container-command.ts'
import { containerEnv } from './container-env.ts'
import { isDeviceMount, mountInRoot } from './container-mounts.ts'
import { ContainerRoot } from './container-root.ts'
import { containerUser } from './container-user.ts'
import type { Container, Engine, Launch, Outcome } from './engine.ts'
import { networkFiles } from './network-files.ts'
import { pidFile, type StateDirectory } from './state-directory.ts'
import { signalInit, stopContainer } from './stop-container.ts'
import { followTerminalSize } from './terminal-size.ts'

/**
 * Runs one container with `engine`. What can be known to be wrong beforehand (user, mounts, working directory) throws;
 * a program that is not there ends the run with 127 or 126 and a line on stderr, alike for all engines.
 */
export function runContainer(engine: Engine, state: StateDirectory, request: SandboxRequest): SandboxRun {
  invariant(/^[a-z0-9][a-z0-9-]{0,39}$/.test(request.id), `container id ${JSON.stringify(request.id)}`)
  if (request.signal?.aborted) return { done: Promise.resolve({ exitCode: 137 }), kill: () => undefined }
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
      return finishedRun(request, prepared)
    }
    const launch = engine.prepare(prepared.container)
    const child = startChild(launch, request, prepared.container.user)
    if (child.pid !== undefined) entry.record(child.pid)
    return followRun(prepared.container, launch, child, release)
  } catch (error) {
    release()
    throw error instanceof ToolError ? error : notMade(errorMessage(error), error)
  }
}

/** The container's terminal is a relay of ours, so there must be one. */
function requireTerminal(request: SandboxRequest): void {
  invariant(request.stdio.kind === 'inherit', 'a terminal goes with inherited stdio')
  if (isatty(0)) return
  throw new ToolError('usage', 'a terminal is asked for, but standard input is none', {
    hint: 'leave -t (--tty) out, or run the command in a terminal',
  })
}

type Prepared =
  | { readonly kind: 'ready'; readonly container: Container }
  | { readonly kind: 'failed'; readonly exitCode: 126 | 127; readonly message: string }

function prepareContainer(root: ContainerRoot, state: string, request: SandboxRequest): Prepared {
  const user = containerUser(root, request.user)
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

/** A run that ended before it began: the program is not there. */
function finishedRun(
  request: SandboxRequest,
  failure: { readonly exitCode: number; readonly message: string },
): SandboxRun {
  const done = Promise.resolve().then(() => {
    complain(request, failure.message)
    return { exitCode: failure.exitCode }
  })
  return { done, kill: () => undefined }
}

/** Writes one line to the run's stderr, where the command's own complaints would be. */
function complain(request: SandboxRequest, message: string): void {
  const line = `${message}\n`
  if (request.stdio.kind === 'capture') request.stdio.onOutput('stderr', Buffer.from(line))
  else writeSync(2, line)
}

function followRun(container: Container, launch: Launch, child: StartedChild, release: () => void): SandboxRun {
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
  const follows = container.request.terminal && !launch.passesTerminalSize
  const unfollow = follows ? followTerminalSize(running) : () => undefined
  const finish = async (): Promise<SandboxResult> => {
    try {
      // When it cannot be stopped, that is the end of waiting for it.
      const exit = await Promise.race([child.exit, stopping.promise.then(() => child.exit)])
      ended = true
      if (isStopped) await stopping.promise
      return isStopped ? { exitCode: 128 + 9 } : concludeRun(container, launch.outcome(exit))
    } catch (error) {
      throw error instanceof ToolError ? error : notMade(errorMessage(error), error)
    } finally {
      ended = true
      signal?.removeEventListener('abort', abort)
      unfollow()
      release()
    }
  }
  return { done: finish(), kill: (name) => signalInit(running, name) }
}

function concludeRun(container: Container, outcome: Outcome): SandboxResult {
  switch (outcome.kind) {
    case 'exited':
      return { exitCode: outcome.exitCode }
    case 'not-executed': {
      const { root, request, program } = container
      const why = explainExecFailure(root, request.args[0] ?? '', program, outcome.errno)
      complain(request, why.message)
      return { exitCode: why.exitCode }
    }
    case 'not-made':
      throw notMade(outcome.reason)
    default:
      return assertNever(outcome)
  }
}

function notMade(reason: string, cause?: unknown): ToolError {
  return new ToolError('run-failed', `cannot start the container: ${reason}`, {
    hint: 'see `longshore doctor`, or choose another way of isolation with --isolation',
    cause,
  })
}
