import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { errnoCode } from '../base/index.ts'
import { exitCodeOf } from './child-process.ts'
import type { ChildExit, Container, ContainerExec, Engine, Launch, Outcome } from './engine.ts'
import { fileIdentity } from './host-processes.ts'
import { toolEnv } from './host-tools.ts'
import { initFor, initPath } from './init-program.ts'
import { hasEmulators, isForeignProgram, readProgramHead } from './program-head.ts'
import { execProcessSpec, runtimeSpec } from './runtime-spec.ts'
import { deleteFile, pidFile } from './state-directory.ts'

export interface RuntimeOptions {
  readonly isolation: 'crun' | 'runc'
  /** Path of the runtime's program. */
  readonly program: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly inUserNamespace: boolean
  /** Processor, as Node names it. */
  readonly arch: string
}

/** Isolation by an OCI runtime on PATH. Its own state lies in the container's entry, its bundle in the scratch directory. */
export function runtimeEngine(options: RuntimeOptions): Engine {
  return {
    isolation: options.isolation,
    prepare(container) {
      for (const path of ['/dev', '/proc', '/sys'] as const) container.root.makeLasting(path)
      if (container.request.init === true) writeFileSync(initFile(container), initFor(options.arch), { mode: 0o555 })
      const spec = runtimeSpec(withInitMount(container), options)
      writeFileSync(join(container.request.scratch, 'config.json'), JSON.stringify(spec), { mode: 0o600 })
      return launch(container, options)
    },
    prepareExec: (exec) => launchExec(exec, options),
  }
}

function initFile({ request }: Container): string {
  return join(request.scratch, 'init')
}

function withInitMount(container: Container): Container {
  if (container.request.init !== true) return container
  const mount = { kind: 'bind', source: initFile(container), target: initPath, readonly: true } as const
  return { ...container, deviceMounts: [...container.deviceMounts, mount] }
}

/** Options of the runtime itself: its state in the container's entry, its complaints in a file there. */
function globalOptions(options: RuntimeOptions, state: string, log: string): readonly string[] {
  return [
    ...(options.isolation === 'crun' ? ['--cgroup-manager=disabled'] : []),
    ...['--root', join(state, 'state'), '--log', log, '--log-format', 'json'],
  ]
}

function launchExec(exec: ContainerExec, options: RuntimeOptions): Launch {
  const { container, state } = exec
  const log = join(state, 'log')
  const configuration = join(state, 'process')
  writeFileSync(configuration, JSON.stringify(execProcessSpec(exec)), { mode: 0o600 })
  const isForeign = isForeignProgram(readProgramHead(container.root, exec.program), options.arch)
  return {
    file: options.program,
    args: [
      ...globalOptions(options, container.state, log),
      ...['exec', '--process', configuration, '--pid-file', join(state, pidFile), container.request.id],
    ],
    env: { ...toolEnv(options.env), XDG_RUNTIME_DIR: join(container.state, 'state') },
    statusPipe: false,
    tools: [fileIdentity(options.program)],
    passesTerminalSize: options.isolation !== 'crun',
    outcome: (exit) => outcome(exit, log, isForeign),
    afterKill: () => undefined,
  }
}

function launch(container: Container, options: RuntimeOptions): Launch {
  const { request, state } = container
  const stateRoot = join(state, 'state')
  const log = join(state, 'log')
  mkdirSync(stateRoot, { mode: 0o700 })
  const env = { ...toolEnv(options.env), XDG_RUNTIME_DIR: stateRoot }
  const isForeign = isForeignProgram(readProgramHead(container.root, container.program), options.arch)
  const global = globalOptions(options, state, log)
  const remove = [options.program, ...global, 'delete', '--force', request.id]
  writeFileSync(join(state, deleteFile), remove.join('\n'))
  return {
    file: options.program,
    args: [...global, 'run', '--bundle', request.scratch, '--pid-file', join(state, pidFile), request.id],
    env,
    statusPipe: false,
    tools: [fileIdentity(options.program)],
    // crun 1.8 passes SIGWINCH on, but not the size.
    passesTerminalSize: options.isolation !== 'crun',
    outcome: (exit) => outcome(exit, log, isForeign),
    afterKill: () => {
      spawnSync(options.program, remove.slice(1), { env, stdio: 'ignore', cwd: '/' })
    },
  }
}

/**
 * A runtime fails before the container's program runs, or passes its exit code on; only its log tells which. runc does
 * not log when execve(2) itself fails, so its 1 of a program that no processor here understands counts as that.
 */
function outcome(exit: ChildExit, log: string, isForeign: boolean): Outcome {
  const code = exitCodeOf(exit)
  const complaint = code === 0 ? undefined : lastError(log)
  if (complaint === undefined) {
    const refused = code === 1 && isForeign && !hasEmulators()
    return refused ? { kind: 'not-executed', errno: constants.errno.ENOEXEC } : { kind: 'exited', exitCode: code }
  }
  const errno = execErrno(complaint)
  return errno === undefined ? { kind: 'not-made', reason: complaint } : { kind: 'not-executed', errno }
}

function lastError(log: string): string | undefined {
  let text: string
  try {
    text = readFileSync(log, 'utf8')
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined
    throw error
  }
  const messages = text.split('\n').flatMap((line) => {
    const entry: unknown = line === '' ? undefined : parseJson(line)
    if (typeof entry !== 'object' || entry === null || !('msg' in entry)) return []
    const isError = !('level' in entry) || entry.level === 'error' || entry.level === 'fatal'
    return isError && typeof entry.msg === 'string' ? [entry.msg.trim()] : []
  })
  return messages.at(-1)
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    // The line was cut off by a kill.
    return undefined
  }
}

/** The errno in a runtime's words about a failed execve(2), which differ between versions. */
function execErrno(message: string): number | undefined {
  if (!/\bexec\b|executable/i.test(message)) return undefined
  return execWords.find(([pattern]) => pattern.test(message))?.[1]
}

const execWords: readonly (readonly [pattern: RegExp, errno: number])[] = [
  [/exec format error/i, constants.errno.ENOEXEC],
  [/permission denied/i, constants.errno.EACCES],
  [/operation not permitted/i, constants.errno.EPERM],
  [/argument list too long/i, constants.errno.E2BIG],
  [/no such file|not found/i, constants.errno.ENOENT],
]
