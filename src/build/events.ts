import type { Diagnostic, Digest } from '../base/index.ts'
import type { Descriptor } from '../oci/index.ts'

/** Why a task ended. */
export type TaskStatus = 'cached' | 'done' | 'failed' | 'canceled'

/**
 * What a build says while it works. One typed stream for terminals, JSON and tests. A task is anything with a
 * beginning and an end that progress shows: a step, a pull, an export. Times are milliseconds of the clock port.
 */
export type BuildEvent =
  | { readonly kind: 'task-start'; readonly task: string; readonly label: string; readonly timeMs: number }
  | {
      readonly kind: 'task-output'
      readonly task: string
      readonly stream: 'stdout' | 'stderr'
      /** Bytes as they came, in base64: output need not be text, and may be cut inside a character. */
      readonly data: string
      readonly timeMs: number
    }
  /** Bytes moved so far; `totalBytes` is absent when it is not known. */
  | {
      readonly kind: 'task-progress'
      readonly task: string
      readonly name: string
      readonly bytes: number
      readonly totalBytes?: number
      readonly timeMs: number
    }
  | {
      readonly kind: 'task-end'
      readonly task: string
      readonly status: TaskStatus
      readonly error?: string
      readonly durationMs: number
      /** Of the layer that a step made or found, as an uncompressed tar. */
      readonly sizeBytes?: number
      readonly timeMs: number
    }
  | { readonly kind: 'diagnostic'; readonly diagnostic: Diagnostic }
  | { readonly kind: 'result'; readonly result: BuildSummary }
  /** The build failed for another reason than its input; the last event then. */
  | { readonly kind: 'error'; readonly error: BuildError }

/** Why a build failed, for machines. */
export interface BuildError {
  readonly code: string
  readonly message: string
  readonly hint?: string
  readonly details?: Readonly<Record<string, string | number | boolean>>
  /** The step that failed, as progress shows it, with its place in the Dockerfile and the end of its output. */
  readonly step?: { readonly label: string; readonly file: string; readonly line: number; readonly output: string }
}

/** What a finished build made. */
export interface BuildSummary {
  /** The image ID: digest of its config. */
  readonly imageId: Digest
  /** The manifest, when an output has one: its digest depends on how layers are compressed. */
  readonly manifest?: Descriptor
  /** Every image, in the order asked for, when several targets were built; `imageId` is that of the last. */
  readonly targets?: readonly BuiltTarget[]
  /** The images by platform, in the order asked for, of a build for several; `manifest` is of the index then. */
  readonly platforms?: readonly BuiltPlatform[]
  /** Images that it stands on or takes files from. */
  readonly images: readonly UsedImage[]
  /** Names it was given, familiar form. */
  readonly names: readonly string[]
  readonly steps: { readonly total: number; readonly cached: number }
  readonly durationMs: number
}

/** An image that a build used. */
export interface UsedImage {
  /** As the Dockerfile has it, with what arguments make of it. */
  readonly name: string
  /** `linux/arm64` */
  readonly platform: string
  /** Of its manifest; of one that was built here, its ID. */
  readonly digest: Digest
}

/** The image for one of several platforms. */
export interface BuiltPlatform {
  /** `linux/arm64` */
  readonly platform: string
  readonly imageId: Digest
}

/** The image of one of several targets. */
export interface BuiltTarget {
  /** The stage, as it was asked for. */
  readonly target: string
  readonly imageId: Digest
  readonly names: readonly string[]
}

export type EmitEvent = (event: BuildEvent) => void
