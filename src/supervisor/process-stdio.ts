import { closeSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import type { SandboxInput, SandboxStdio, TerminalSize } from '../ports/index.ts'
import { openTerminal, setTerminalSize } from '../sys/index.ts'

/** How we are connected to a process that is to be started: pipes, or a terminal of our own. */
export interface ProcessStdio {
  readonly stdio: Extract<SandboxStdio, { readonly kind: 'capture' | 'terminal' }>
  /** To be called once the process is started, or could not be. */
  started(): void
  /** Where its input goes; undefined when it has none. `own` is that of the started process. */
  input(own: SandboxInput | undefined): SandboxInput | undefined
  setFlowing(flowing: boolean): void
  resize(size: TerminalSize): void
  /** Resolves when all output of a terminal was read. */
  drained(): Promise<void>
}

export type OnOutput = (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void

/** Size of a terminal that nobody looks at. */
const defaultSize: TerminalSize = { rows: 24, columns: 80 }

export interface StdioWishes {
  readonly terminal: boolean
  readonly openStdin: boolean
  readonly size?: TerminalSize
}

export function openStdio(wishes: StdioWishes, onOutput: OnOutput): ProcessStdio {
  return wishes.terminal
    ? terminalStdio(wishes.size ?? defaultSize, wishes.openStdin, onOutput)
    : pipes(wishes, onOutput)
}

function pipes({ openStdin }: StdioWishes, onOutput: OnOutput): ProcessStdio {
  return {
    stdio: { kind: 'capture', onOutput, complains: false, ...(openStdin ? { stdin: 'pipe' } : {}) },
    started: () => undefined,
    input: (own) => own,
    setFlowing: () => undefined,
    resize: () => undefined,
    drained: () => Promise.resolve(),
  }
}

/** All output of a terminal counts as stdout. */
function terminalStdio(size: TerminalSize, openStdin: boolean, onOutput: OnOutput): ProcessStdio {
  const { masterFd, fd } = openTerminal()
  setTerminalSize(masterFd, size)
  const stream = new ReadStream(masterFd)
  const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()))
  stream.on('data', (bytes: Buffer) => onOutput('stdout', bytes))
  // EIO says that the last process has closed the other side.
  stream.on('error', () => undefined)
  let isOpen = true
  void closed.then(() => {
    isOpen = false
  })
  const input: SandboxInput = {
    write: (bytes, done) => void stream.write(bytes, () => done()),
    // A terminal has no end: the key that stands for it is what a shell takes for one.
    end: () => void stream.write('\x04'),
  }
  return {
    stdio: { kind: 'terminal', fd },
    started: () => closeSync(fd),
    input: () => (openStdin ? input : undefined),
    setFlowing: (flowing) => void (flowing ? stream.resume() : stream.pause()),
    resize(wanted) {
      if (isOpen) setTerminalSize(masterFd, wanted)
    },
    async drained() {
      stream.resume()
      await closed
    },
  }
}
