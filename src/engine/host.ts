import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { ToolError } from '../base/index.ts'
import type { OverlayXattrs } from '../ports/index.ts'

/** What the engine knows of the process and machine it runs in; the command fills it in, tests make their own. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly uid: number
  /** Id of this process. */
  readonly pid: number
  /** Words of the command that starts a supervisor; its settings follow. */
  readonly supervisorCommand: readonly string[]
  /** File that processes run which digest layers. */
  readonly digestProgram: string
  /** Node's name of the processor: `x64`, `arm64` … */
  readonly arch: string
  readonly cpus: number
  /** True when `reexecute` started this process: what the user was asked then is not asked again. */
  readonly isReexecuted: boolean
  /** True inside a user namespace, where uid 0 is not the machine's root. */
  readonly inUserNamespace: boolean
  /** When the command began; the same after `reexecute`. */
  readonly startedMs: number
  /** Standard input. It can be read once: what is read of it must be kept before `reexecute`, and its place handed over. */
  stdin(): AsyncIterable<Uint8Array>
  /** What was handed over by the command that started this one by `reexecute`. */
  readonly inherited: Readonly<Record<string, string>>
  /** Hands a value over to the command that `reexecute` starts. */
  handOver(name: string, value: string): void
  nowMs(): number
  /**
   * Starts the same command again inside a user namespace with the user's subordinate ids, and does not return.
   * `mapping` says whether only the caller itself is mapped.
   */
  reexecute(mapping: 'subordinate-ids' | 'only-self'): never
  /** As `reexecute`, in the mount namespace of process `pid`, and as a user in its user namespace. */
  join(pid: number): never
}

/** True when /proc says that this process's uid 0 is not the machine's. */
export function detectUserNamespace(): boolean {
  return readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/).join(' ') !== '0 0 4294967295'
}

/** Overlay attributes this process may set. */
export function overlayXattrs(host: Host): OverlayXattrs {
  return host.inUserNamespace || host.uid !== 0 ? 'user' : 'trusted'
}

/**
 * Where the store is: `--root`, else LONGSHORE_ROOT, else `$XDG_DATA_HOME/longshore` (`~/.local/share/longshore`) for a
 * user and `/var/lib/longshore` for root.
 */
export function storeRoot(host: Host, option: string | undefined): string {
  const chosen = option ?? host.env['LONGSHORE_ROOT']
  if (chosen !== undefined && chosen !== '') return isAbsolute(chosen) ? chosen : join(host.cwd, chosen)
  if (host.uid === 0 && !host.inUserNamespace) return '/var/lib/longshore'
  const data = host.env['XDG_DATA_HOME']
  if (data?.startsWith('/')) return join(data, 'longshore')
  const home = host.env['HOME']
  if (home?.startsWith('/')) return join(home, '.local/share/longshore')
  throw new ToolError('usage', 'no place for the store: neither HOME nor XDG_DATA_HOME is set', {
    hint: 'give one with --root DIR or LONGSHORE_ROOT',
  })
}
