/** Why the world failed. Each code has a page under docs/diagnostics/. */
export type ToolErrorCode =
  | 'archive-invalid'
  | 'archive-too-large'
  | 'bad-ignore-pattern'
  | 'bake-file-not-found'
  | 'blob-mismatch'
  | 'canceled'
  | 'checksum-mismatch'
  | 'container-failed'
  | 'container-not-found'
  | 'context-not-found'
  | 'context-unreadable'
  | 'dockerfile-not-found'
  | 'emulation-unavailable'
  | 'git-failed'
  | 'image-in-use'
  | 'image-not-found'
  | 'invalid-digest'
  | 'invalid-document'
  | 'invalid-reference'
  | 'isolation-unavailable'
  | 'layer-limit'
  | 'limit-unavailable'
  | 'lock-mismatch'
  | 'name-in-use'
  | 'network-failed'
  | 'network-in-use'
  | 'network-not-found'
  | 'network-unavailable'
  | 'no-space'
  | 'not-reproducible'
  | 'offline'
  | 'not-supported'
  | 'output-failed'
  | 'permission-denied'
  | 'platform-mismatch'
  | 'port-in-use'
  | 'registry-denied'
  | 'registry-failed'
  | 'registry-not-found'
  | 'registry-unreachable'
  | 'remote-denied'
  | 'remote-failed'
  | 'remote-not-found'
  | 'remote-unreachable'
  | 'run-failed'
  | 'secret-not-found'
  | 'source-not-found'
  | 'step-failed'
  | 'store-corrupt'
  | 'store-failed'
  | 'system-call-failed'
  | 'usage'
  | 'user-not-found'
  | 'volume-in-use'
  | 'volume-not-found'

export interface ToolErrorOptions {
  /** A command or an edit that the user can make. */
  readonly hint?: string
  /** Facts for JSON output: names, sizes, paths. */
  readonly details?: Readonly<Record<string, string | number | boolean>>
  readonly cause?: unknown
}

/**
 * The world failed: registry, disk, kernel, runtime. Adapters throw it at their border; inner code looks at `code`
 * only, never at the message.
 */
export class ToolError extends Error {
  readonly code: ToolErrorCode
  readonly hint: string | undefined
  readonly details: Readonly<Record<string, string | number | boolean>>

  constructor(code: ToolErrorCode, message: string, options: ToolErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ToolError'
    this.code = code
    this.hint = options.hint
    this.details = options.details ?? {}
  }
}

/** The `code` of a Node or system-call error (`ENOENT`, `ENOSPC` …), or undefined for anything else. */
export function errnoCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** The message of anything thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
