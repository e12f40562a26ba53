import type { Socket } from 'node:net'
import { encodeFrame } from '../container/frames.ts'
import type { LogWriter } from '../container/log-writer.ts'

/** Spreads a container's output: into its log, and to whoever is attached. */
export class OutputHub {
  readonly #log: LogWriter | undefined
  readonly #listeners = new Set<Socket>()
  readonly #slow = new Set<Socket>()
  /** Tells the source to wait while somebody attached does not keep up. */
  readonly #setFlowing: (flowing: boolean) => void

  constructor(log: LogWriter | undefined, setFlowing: (flowing: boolean) => void) {
    this.#log = log
    this.#setFlowing = setFlowing
  }

  attach(socket: Socket): void {
    this.#listeners.add(socket)
    socket.once('close', () => {
      this.#listeners.delete(socket)
      this.#quicken(socket)
    })
  }

  write(stream: 'stdout' | 'stderr', bytes: Uint8Array): void {
    this.#log?.write(stream, bytes)
    if (this.#listeners.size === 0) return
    const frame = encodeFrame(stream, bytes)
    for (const socket of this.#listeners) {
      if (socket.write(frame) || this.#slow.has(socket)) continue
      this.#slow.add(socket)
      this.#setFlowing(false)
      socket.once('drain', () => this.#quicken(socket))
    }
  }

  flush(): void {
    this.#log?.flush()
  }

  close(): void {
    this.#log?.flush()
    this.#log?.close()
  }

  #quicken(socket: Socket): void {
    if (this.#slow.delete(socket) && this.#slow.size === 0) this.#setFlowing(true)
  }
}
