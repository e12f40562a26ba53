import type { Diagnostic, SourceFile } from '../base/index.ts'
import type { BuildSummary, ProbedGraph, StepFailure } from '../build/index.ts'
import type { PlannedStage } from '../plan/index.ts'
import type { Isolation } from '../ports/index.ts'
import type { AgentSources } from './agent-sources.ts'
import type { OutputSpec } from './output-spec.ts'
import type { Secrets } from './secrets.ts'

/** What to build, as `longshore build` and the library take it. Paths may be relative to the host's current directory. */
export interface BuildRequest {
  readonly context: string
  readonly file?: string
  readonly tags: readonly string[]
  readonly buildArgs: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly target?: string
  readonly noCache: boolean
  /** Look for newer base images. */
  readonly pull: boolean
  readonly network: 'default' | 'none' | 'host'
  /** For RUN --mount=type=secret. */
  readonly secrets: Secrets
  /** For RUN --mount=type=ssh. */
  readonly agents: AgentSources
  /** RUN --security=insecure may be used. */
  readonly allowInsecure: boolean
  /** Steps that may execute at the same time. */
  readonly jobs: number
  readonly outputs: readonly OutputSpec[]
  readonly isolation?: Isolation
  readonly root?: string
  /** Only plan: look everything up, run nothing. */
  readonly planOnly: boolean
}

/** How a build ended. `source` is the Dockerfile, for excerpts. */
export type BuildOutcome =
  | { readonly kind: 'built'; readonly summary: BuildSummary; readonly source: SourceFile }
  | {
      readonly kind: 'planned'
      readonly probed: ProbedGraph
      readonly source: SourceFile
      readonly hasImage: (stage: PlannedStage) => boolean
    }
  /** The input is wrong; nothing ran. */
  | { readonly kind: 'invalid'; readonly diagnostics: readonly Diagnostic[]; readonly source: SourceFile }
  | { readonly kind: 'failed'; readonly failures: readonly StepFailure[]; readonly source: SourceFile }
