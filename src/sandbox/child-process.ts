import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fchownSync } from 'node:fs'
import { Socket } from 'node:net'
import { constants } from 'node:os'
import type { SandboxStdio } from '../ports/index.ts'
import * as sys from '../sys/index.ts'
import type { ChildExit, Launch } from './engine.ts'

/** A started launch: its process and its end, which comes after the last byte of output. */
export interface StartedChild {
  /** Undefined when it could not be started; `exit` rejects with the reason then. */
  readonly pid: number | undefined
  readonly exit: Promise<ChildExit>
  signal(name: NodeJS.Signals): void
}

/** Who owns the pipes of captured output, so that a container's process may open its own /dev/stdout. */
interface Owner {
  readonly uid: number
  readonly gid: number
}

/**
 * Starts `launch` with exactly the descriptors it is meant to have: stdin, stdout, stderr and perhaps the status pipe.
 * Everything else of ours is close-on-exec (security 24). A terminal's relay needs ours as stdin in any case. Without
 * one, the container gets a session of its own: our terminal is not its /dev/tty, into which it could type for us
 * (TIOCSTI, CVE-2017-5226), and Ctrl-C reaches it once, through us.
 */
export function startChild(
  launch: Launch,
  { stdio, terminal }: { readonly stdio: SandboxStdio; readonly terminal: boolean },
  owner: Owner,
): StartedChild {
  const pipes: OutputPipe[] = []
  const status: Uint8Array[] = []
  const pipe = (onChunk: (chunk: Uint8Array) => void): number => {
    const made = outputPipe(onChunk)
    pipes.push(made)
    return made.writeFd
  }
  try {
    const output = (stream: 'stdout' | 'stderr', inherited: number): number =>
      stdio.kind === 'inherit' ? inherited : pipe((chunk) => stdio.onOutput(stream, chunk))
    const [stdout, stderr] = [output('stdout', 1), output('stderr', 2)]
    for (const { writeFd } of pipes) fchownSync(writeFd, owner.uid, owner.gid)
    const stdin: number | 'ignore' = stdio.kind === 'inherit' && (stdio.stdin || terminal) ? 0 : 'ignore'
    const statusFd = launch.statusPipe ? pipe((chunk) => status.push(chunk)) : undefined
    const descriptors: (number | 'ignore')[] =
      statusFd === undefined ? [stdin, stdout, stderr] : [stdin, stdout, statusFd, statusFd, stderr]
    const child = spawn(launch.file, launch.args, {
      env: launch.env,
      stdio: descriptors,
      cwd: '/',
      detached: !terminal,
    })
    const ended = exitOf(child, pipes, launch)
    const exit = ended.then((how) => ({ ...how, status: Buffer.concat(status) }))
    return { pid: child.pid, exit, signal: (name) => child.kill(name) }
  } catch (error) {
    for (const { socket } of pipes) socket.destroy()
    throw error
  } finally {
    for (const { writeFd } of pipes) closeSync(writeFd)
  }
}

interface OutputPipe {
  readonly writeFd: number
  readonly socket: Socket
}

function outputPipe(onChunk: (chunk: Uint8Array) => void): OutputPipe {
  const { readFd, writeFd } = sys.makePipe()
  const socket = new Socket({ fd: readFd, readable: true, writable: false })
  socket.on('data', onChunk)
  return { writeFd, socket }
}

/**
 * A launch that was killed leaves its container running, and that holds the pipes: it is ended before they are waited for.
 */
async function exitOf(
  child: ChildProcess,
  pipes: readonly OutputPipe[],
  launch: Launch,
): Promise<Omit<ChildExit, 'status'>> {
  const drained = pipes.map(({ socket }) => once(socket, 'close'))
  const exited = new Promise<Omit<ChildExit, 'status'>>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      try {
        if (signal !== null) launch.afterKill()
        resolve({ code, signal })
      } catch (error) {
        reject(error)
      }
    })
  })
  const [how] = await Promise.all([exited, ...drained])
  return how
}

/** Exit code as a shell gives it: 128 + n for death by signal n. */
export function exitCodeOf(exit: Pick<ChildExit, 'code' | 'signal'>): number {
  if (exit.signal !== null) return 128 + constants.signals[exit.signal]
  return exit.code ?? 1
}
