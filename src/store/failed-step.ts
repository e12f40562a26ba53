import type { DiffId } from '../base/index.ts'
import type { CacheMountRequest } from './cache-mounts.ts'

/** What ran in a step that failed. Values of secrets and of proxy variables are left out. */
export interface FailedProcess {
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly cwd: string
  readonly user: string
  readonly hostname: string
  readonly network: 'host' | 'none'
  readonly privileged: boolean
  /** `NAME:IP` of its hosts file. */
  readonly addHosts?: readonly string[]
  /** A heredoc that it saw below `/dev/pipes`. */
  readonly script?: { readonly name: string; readonly content: string }
}

/** A mount of a failed step, as far as it can be made again: no secrets, no agents. */
export type KeptMount =
  /** A copy that is kept with the step, as `files` in the directory `source` of it. */
  | { readonly kind: 'files'; readonly target: string; readonly readonly: boolean; readonly source: string }
  /** The path `source` in layers of the store. */
  | {
      readonly kind: 'layers'
      readonly target: string
      readonly readonly: boolean
      readonly layers: readonly DiffId[]
      readonly source: string
    }
  | ({ readonly kind: 'cache'; readonly target: string; readonly readonly: boolean } & CacheMountRequest)
  | { readonly kind: 'tmpfs'; readonly target: string; readonly sizeBytes?: number }

/** A step that failed, kept as it was left. */
export interface FailedStep {
  /** 12 hex digits. */
  readonly id: string
  /** RFC 3339 time when it failed. */
  readonly created: string
  /** Names the Dockerfile and context, as build traces do. */
  readonly project: string
  /** As progress shows it. */
  readonly label: string
  readonly file: string
  readonly startLine: number
  readonly exitCode: number
  /** Layers below the tree that it left, bottom first. */
  readonly layers: readonly DiffId[]
  readonly process: FailedProcess
  readonly mounts: readonly KeptMount[]
}
