import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fchownSync } from 'node:fs'
import { Socket } from 'node:net'
import { constants } from 'node:os'
import type { SandboxInput, SandboxStdio } from '../ports/index.ts'
import * as sys from '../sys/index.ts'
import type { ChildExit, Launch } from './engine.ts'

/** A started launch: its process and its end, which comes after the last byte of output. */
export interface StartedChild {
  /** Undefined when it could not be started; `exit` rejects with the reason then. */
  readonly pid: number | undefined
  readonly exit: Promise<ChildExit>
  /** Where captured runs with a stdin pipe get their input. */
  readonly stdin?: SandboxInput
  /** Holds captured output back in its pipes, or lets it come. */
  setFlowing(flowing: boolean): void
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
  let input: InputPipe | undefined
  const pipe = (onChunk: (chunk: Uint8Array) => void): number => {
    const made = outputPipe(onChunk)
    pipes.push(made)
    return made.writeFd
  }
  try {
    const output = (stream: 'stdout' | 'stderr', inherited: number): number => {
      if (stdio.kind === 'capture') return pipe((chunk) => stdio.onOutput(stream, chunk))
      return stdio.kind === 'terminal' ? stdio.fd : inherited
    }
    const [stdout, stderr] = [output('stdout', 1), output('stderr', 2)]
    const captured = [...pipes]
    for (const { writeFd } of captured) fchownSync(writeFd, owner.uid, owner.gid)
    input = stdio.kind === 'capture' && stdio.stdin === 'pipe' ? inputPipe(owner) : undefined
    const stdin: number | 'ignore' = input?.readFd ?? inheritedInput(stdio, terminal)
    const statusFd = launch.statusPipe ? pipe((chunk) => status.push(chunk)) : undefined
    const descriptors: (number | 'ignore')[] =
      statusFd === undefined ? [stdin, stdout, stderr] : [stdin, stdout, statusFd, statusFd, stderr]
    const child = spawn(launch.file, launch.args, {
      env: launch.env,
      stdio: descriptors,
      cwd: '/',
      detached: !terminal || stdio.kind === 'terminal',
    })
    const ended = exitOf(child, pipes, launch)
    const exit = ended.then((how) => ({ ...how, status: Buffer.concat(status) }))
    const setFlowing = (flowing: boolean): void => {
      for (const { socket } of captured) flowing ? socket.resume() : socket.pause()
    }
    void exit.then(input?.close, input?.close)
    return { pid: child.pid, exit, setFlowing, ...(input === undefined ? {} : { stdin: input.stdin }) }
  } catch (error) {
    for (const { socket } of pipes) socket.destroy()
    input?.close()
    throw error
  } finally {
    for (const { writeFd } of pipes) closeSync(writeFd)
    if (input !== undefined) closeSync(input.readFd)
  }
}

function inheritedInput(stdio: SandboxStdio, terminal: boolean): number | 'ignore' {
  if (stdio.kind === 'terminal') return stdio.fd
  return stdio.kind === 'inherit' && (stdio.stdin || terminal) ? 0 : 'ignore'
}

interface InputPipe {
  readonly readFd: number
  readonly stdin: SandboxInput
  close(): void
}

function inputPipe(owner: Owner): InputPipe {
  const { readFd, writeFd } = sys.makePipe()
  fchownSync(readFd, owner.uid, owner.gid)
  const socket = new Socket({ fd: writeFd, readable: false, writable: true })
  // EPIPE: the process reads no more. What is still to be written has no reader, as in a shell's pipe.
  socket.on('error', () => undefined)
  return {
    readFd,
    stdin: { write: (bytes, done) => void socket.write(bytes, () => done()), end: () => void socket.end() },
    close: () => void socket.destroy(),
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
