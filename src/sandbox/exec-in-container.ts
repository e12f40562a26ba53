import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { errorMessage, invariant, ToolError } from '../base/index.ts'
import type { ExecRequest, SandboxProcess, SandboxResult } from '../ports/index.ts'
import { type StartedChild, startChild } from './child-process.ts'
import { findCommand } from './container-command.ts'
import { containerEnv } from './container-env.ts'
import { containerUser } from './container-user.ts'
import { type Container, type ContainerExec, type Engine, enteringLaunch, type Launch } from './engine.ts'
import { complain, concludeOutcome, finishedProcess, notMade } from './process-end.ts'
import { pidFile } from './state-directory.ts'
import { findInit, signalInit } from './stop-container.ts'
import { resizeInputTerminal } from './terminal-size.ts'

/**
 * Starts a further process in a container whose first one is `init`. Fails as the start of a container does: what is
 * not there ends it with 127 or 126 and a line on stderr.
 */
export function execInContainer(
  engine: Engine,
  container: Container,
  init: number,
  request: ExecRequest,
): SandboxProcess {
  invariant(/^[a-z0-9][a-z0-9-]{0,39}$/.test(request.id), `exec id ${JSON.stringify(request.id)}`)
  const state = join(container.state, `exec-${request.id}`)
  const found = container.root.during(() => prepareExec(container, init, state, request))
  if (found.kind === 'failed') return finishedProcess(request.stdio, found)
  mkdirSync(state, { mode: 0o700 })
  try {
    const launch = enteringLaunch(container.request, engine.prepareExec(found.exec))
    const child = startChild(launch, request, found.exec.user)
    return follow(found.exec, launch, child)
  } catch (error) {
    rmSync(state, { recursive: true, force: true })
    throw error instanceof ToolError ? error : notMade(errorMessage(error), error)
  }
}

type Prepared =
  | { readonly kind: 'ready'; readonly exec: ContainerExec }
  | { readonly kind: 'failed'; readonly exitCode: 126 | 127; readonly message: string }

function prepareExec(container: Container, init: number, state: string, request: ExecRequest): Prepared {
  const { root } = container
  const user = request.user === undefined ? container.user : containerUser(root, request.user)
  const home = request.user === undefined ? [] : [`HOME=${user.home}`]
  const env = containerEnv([...container.request.env, ...home, ...request.env], user.home)
  const cwd = request.cwd ?? container.cwd
  const isKernels = /^\/(dev|proc|sys)(\/|$)/.test(cwd)
  const directory = isKernels ? undefined : root.find(cwd)
  if (!isKernels && directory?.isDirectory !== true) {
    const problem = directory === undefined ? 'no such file or directory' : 'not a directory'
    return { kind: 'failed', exitCode: 127, message: `exec: working directory ${JSON.stringify(cwd)}: ${problem}` }
  }
  const real = directory?.real ?? cwd
  const lookup = findCommand(root, request.args[0] ?? '', env, real, user)
  if (lookup.kind === 'failed') return lookup
  const { path: program, execPath } = lookup
  return { kind: 'ready', exec: { container, init, request, user, env, cwd: real, program, execPath, state } }
}

function follow(exec: ContainerExec, launch: Launch, child: StartedChild): SandboxProcess {
  let ended = false
  const running = { child, launch, pidFile: join(exec.state, pidFile), hasEnded: () => ended }
  const finish = async (): Promise<SandboxResult> => {
    try {
      const exit = await child.exit
      ended = true
      const outcome = launch.outcome(exit)
      return concludeOutcome(outcome, (errno) => ({
        container: exec.container,
        ...{ command: exec.request.args[0] ?? '', program: exec.program, errno },
        complain: (message) => complain(exec.request.stdio, message),
      }))
    } finally {
      ended = true
      rmSync(exec.state, { recursive: true, force: true })
    }
  }
  return {
    done: finish(),
    ...(child.stdin === undefined ? {} : { stdin: child.stdin }),
    kill: (signal) => signalInit(running, signal),
    pid: () => (ended ? undefined : findInit(running)),
    resize(size) {
      const pid = ended ? undefined : findInit(running)
      if (pid !== undefined) resizeInputTerminal(pid, size)
    },
    setFlowing: (flowing) => child.setFlowing(flowing),
  }
}
