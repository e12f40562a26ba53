import type { RetryOptions, Transport } from '../http/index.ts'

export interface RemoteOptions {
  /** Directory for what is fetched; it can be removed at any time. */
  readonly directory: string
  readonly userAgent: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** PEM certificates to trust besides Node's own, read when the first connection is made. */
  readonly ca: () => readonly string[]
  /** When this command began, in milliseconds: what was asked for since need not be asked for again. */
  readonly startedMs: number
  /** Of this process, which keeps what it uses from being removed. */
  readonly pid: number
  readonly retry?: RetryOptions
  /** Asks no server: what was fetched before is taken as it is, all else refused with `offline`. */
  readonly offline?: boolean
  nowMs(): number
}

/** What the parts of this room share. */
export interface RemoteSettings extends Omit<RemoteOptions, 'retry'> {
  readonly retry: RetryOptions
  transport(): Promise<Transport>
}
