import type { ContentDigest, Digest, ListedEntry, StepKey } from '../base/index.ts'
import type { KeyComponents } from './store.ts'

/** Why a step had to run, against the last time it is remembered from. */
export type MissCause =
  /** No build of this project is remembered that had this step. */
  | { readonly kind: 'first-time' }
  /** Builds of this project are remembered, but none had this instruction. */
  | { readonly kind: 'new-instruction' }
  /** The same key was built before, but its record or layer was removed since. */
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'no-cache' }
  /** It is older than `--cache-ttl` allows. */
  | { readonly kind: 'too-old' }
  /** The last build tried just this, and it failed. */
  | { readonly kind: 'failed'; readonly exitCode?: number }
  /** The last build tried just this, and was stopped. */
  | { readonly kind: 'canceled' }
  | {
      readonly kind: 'file'
      readonly change: 'added' | 'removed' | 'content' | 'mode' | 'type'
      readonly path: string
      /** The line of the ignore file that takes it in again or, of a removed one, leaves it out: `FILE:LINE: RULE`. */
      readonly rule?: string
    }
  /** Files changed that are not remembered one by one: `from` says where they come from. */
  | { readonly kind: 'files'; readonly from: string }
  | { readonly kind: 'variable'; readonly name: string; readonly before?: string; readonly after?: string }
  | { readonly kind: 'part'; readonly name: string; readonly before: string; readonly after: string }
  /** The base image of its stage is another one. */
  | { readonly kind: 'base'; readonly reference: string; readonly before?: string; readonly after?: string }
  /** A step below it made another tree. */
  | { readonly kind: 'step'; readonly label: string }
  /** It is not known before this step or image is there. */
  | { readonly kind: 'waits'; readonly for: string }

/** What became of one step in one build. */
export interface TracedStep {
  /** As progress shows it: `[build 2/5] RUN make`. */
  readonly label: string
  readonly stage: string
  /** Position among the steps of its stage, from 0. */
  readonly ordinal: number
  /** The instruction as one line. */
  readonly text: string
  readonly file: string
  readonly startLine: number
  readonly status: 'cached' | 'ran' | 'failed' | 'canceled' | 'not-reached'
  readonly key?: StepKey
  /** Content digest of the files it took from the build context: the name of their listing. */
  readonly files?: ContentDigest
  /** Content digests of what its mounts show of the build context. */
  readonly mounted?: readonly ContentDigest[]
  /** What the key was made of, when no record keeps it. */
  readonly components?: KeyComponents
  /** Of a process that failed. */
  readonly exitCode?: number
  readonly durationMs: number
  /** Why it was no hit; empty for a cached step. */
  readonly causes: readonly MissCause[]
}

/** The image a stage started from in one build. */
export interface TracedBase {
  readonly stage: string
  readonly reference: string
  readonly imageId: Digest
  /** Content digests of its layers, bottom first. */
  readonly layers: readonly ContentDigest[]
}

/** One build that executed something: what `why` and `logs --build` tell from. */
export interface BuildTrace {
  /** Sorts by time. */
  readonly id: string
  /** RFC 3339. */
  readonly created: string
  readonly durationMs: number
  readonly imageId?: Digest
  readonly bases: readonly TracedBase[]
  readonly steps: readonly TracedStep[]
}

/** What is kept beside a trace. */
export interface TraceAttachments {
  /** Output of steps that no record keeps, by step number. */
  readonly logs: ReadonlyMap<number, Uint8Array>
  /** Files of COPY steps that have no listing yet. */
  readonly listings: ReadonlyMap<ContentDigest, readonly ListedEntry[]>
}

/** Remembers builds, some of the last of each project. */
export interface TraceStore {
  /** Keeps a build with what belongs to it, and forgets the oldest ones of the project. */
  writeTrace(project: string, trace: BuildTrace, attachments: TraceAttachments): void
  /** Builds of a project, the newest first. */
  traces(project: string): readonly BuildTrace[]
  /** Log of a step that failed in a build. */
  readFailedLog(project: string, id: string, step: number): Uint8Array | undefined
  /** The files that a content digest of a COPY stands for, as long as a kept build of the project took them. */
  listing(project: string, digest: ContentDigest): readonly ListedEntry[] | undefined
}
