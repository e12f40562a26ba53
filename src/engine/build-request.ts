import type { Diagnostic, SourceFile } from '../base/index.ts'
import type { BuildSummary, ProbedGraph, StepFailure } from '../build/index.ts'
import type { Platform } from '../oci/index.ts'
import type { PlannedStage } from '../plan/index.ts'
import type { BuildTrace, Isolation } from '../ports/index.ts'
import type { Patience } from '../remote-cache/index.ts'
import type { AgentSources } from './agent-sources.ts'
import type { CacheAddress } from './cache-address.ts'
import type { CacheTarget } from './cache-spec.ts'
import type { Explanation } from './explain-miss.ts'
import type { OutputSpec } from './output-spec.ts'
import type { RegistryAccess } from './registry-access.ts'
import type { LimitRequest } from './run-limits.ts'
import type { Secrets } from './secrets.ts'

type Annotations = Readonly<Record<string, string>>

/** What to build, as `longshore build` and the library take it. Paths may be relative to the host's current directory. */
export interface BuildRequest {
  /** A directory, `-` for standard input, or the address of a repository, an archive or a Dockerfile. */
  readonly context: string
  /** `-` for standard input; for a context that is no directory, a path inside it. */
  readonly file?: string
  /** The Dockerfile itself, in place of a file; messages show the name. */
  readonly dockerfileText?: { readonly name: string; readonly text: string }
  /** Named contexts, as `--build-context` gives them. */
  readonly contexts: Readonly<Record<string, string>>
  readonly tags: readonly string[]
  readonly buildArgs: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** What the manifest, and the index where there is one, say beside. */
  readonly annotations?: { readonly manifest?: Annotations; readonly index?: Annotations }
  /** The layers that the build adds to its base become one. */
  readonly squash?: boolean
  readonly target?: string
  /** What to build for; this machine when there is none. Several make an index, under the names of the build. */
  readonly platforms?: readonly Platform[]
  /** Stages to build beside the target, each an image of its own with its own names. */
  readonly otherTargets: readonly OtherTarget[]
  readonly noCache: boolean
  /** Stages, by name or index, whose steps run whatever is remembered. */
  readonly noCacheFilter: readonly string[]
  /** Results that are older are not used. */
  readonly cacheTtlMs?: number
  /** After a failure, finish what does not depend on the failed step. */
  readonly keepGoing: boolean
  /** Look for newer base images. */
  readonly pull: boolean
  /** Take everything from elsewhere as this lock file has it, and refuse what is not in it; `true`: the one in the context. */
  readonly locked?: string | true
  /** Use no network, neither for images and files nor in RUN steps. */
  readonly offline: boolean
  /** Dates the build to another moment than the present. */
  readonly dating?: Dating
  /** Execute every step twice and compare. */
  readonly verify?: boolean
  readonly network: 'default' | 'none' | 'host'
  /** `NAME:IP` for the hosts file of RUN steps; the address may be `host-gateway`. */
  readonly addHosts: readonly string[]
  readonly limits: LimitRequest
  /** For RUN --mount=type=secret. */
  readonly secrets: Secrets
  /** For RUN --mount=type=ssh. */
  readonly agents: AgentSources
  /** RUN --security=insecure may be used. */
  readonly allowInsecure: boolean
  /** Steps that may execute at the same time. */
  readonly jobs: number
  readonly outputs: readonly OutputSpec[]
  /** Caches elsewhere that results of steps are taken from. */
  readonly cacheFrom?: readonly CacheAddress[]
  /** Caches elsewhere that results are sent to. */
  readonly cacheTo?: readonly CacheTarget[]
  /** How long those are waited for, where the usual is not right. */
  readonly cachePatience?: Patience
  readonly isolation?: Isolation
  /** How registries are talked to, for base images and for what is pushed. */
  readonly access?: RegistryAccess
  /** Size the cache is brought within afterwards; a share of the disk when absent. */
  readonly cacheBudget?: number | 'none'
  readonly root?: string
  /** Only plan: look everything up, run nothing. */
  readonly planOnly: boolean
}

/** A stage that is built beside the target. */
export interface OtherTarget {
  readonly stage: string
  readonly tags: readonly string[]
}

/** How a build is to be dated. */
export interface Dating {
  /** Seconds since 1970, where they were given. */
  readonly seconds?: number
  /** Find a moment where none was given, and make every layer a function of its content. */
  readonly reproducible: boolean
  /** Lower file times in new layers. */
  readonly rewriteTimestamp: boolean
}

/** How a build ended. `source` is the Dockerfile, for excerpts. */
export type BuildOutcome =
  | { readonly kind: 'built'; readonly summary: BuildSummary; readonly source: SourceFile }
  | {
      readonly kind: 'planned'
      readonly probed: ProbedGraph
      /** Names the Dockerfile and context among build traces. */
      readonly project: string
      readonly source: SourceFile
      readonly hasImage: (stage: PlannedStage) => boolean
      /** Why each step that is no hit would run, by `Step.index`. */
      readonly explanations: ReadonlyMap<number, Explanation>
      /** The last build of the project that executed something. */
      readonly lastBuild?: BuildTrace
    }
  /** The input is wrong; nothing ran. */
  | { readonly kind: 'invalid'; readonly diagnostics: readonly Diagnostic[]; readonly source: SourceFile }
  | { readonly kind: 'failed'; readonly failures: readonly StepFailure[]; readonly source: SourceFile }
