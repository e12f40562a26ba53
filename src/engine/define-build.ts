import { type Diagnostic, invariant } from '../base/index.ts'
import { type DefineResult, defineProgram } from '../build/index.ts'
import type { NeededImage, Program } from '../ir/index.ts'
import type { ImageConfig, Platform } from '../oci/index.ts'
import { type Epoch, mergeGraphs, planGraph, type StepGraph } from '../plan/index.ts'
import { datedArguments } from './dating.ts'
import { isMissing, missingOffline } from './offline.ts'
import { parseCached, parseTriggerCached } from './parse.ts'
import type { Scene } from './scene.ts'

/** What may be asked of registries while the Dockerfile is being understood. */
type Fetch = 'nothing' | 'configs' | 'images'

/** What is to be built, for all platforms; or why the Dockerfile cannot be understood. */
export type DefinedBuild =
  | { readonly kind: 'defined'; readonly graph: StepGraph; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: 'failed'; readonly diagnostics: readonly Diagnostic[] }

/** As `DefinedBuild`, a graph for each platform. */
export type DefinedGraphs =
  | { readonly kind: 'defined'; readonly graphs: readonly StepGraph[]; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: 'failed'; readonly diagnostics: readonly Diagnostic[] }

/** The config of an image that is no image yet: the result of another build of the same command. */
export type LinkedConfig = (image: NeededImage) => ImageConfig | undefined

/** Understands the Dockerfile with stored images alone where that is possible, so that a cached build needs no namespace. */
export async function defineBuild(scene: Scene, epoch: Epoch | undefined): Promise<DefinedBuild> {
  const defined = await defineGraphs(scene, epoch, () => undefined)
  if (defined.kind === 'failed') return defined
  const { graphs, diagnostics } = defined
  const [graph] = graphs
  invariant(graph !== undefined, 'a build for no platform')
  if (graphs.length === 1) return { kind: 'defined', graph, diagnostics }
  const parts = scene.targetPlatforms.flatMap((platform, position) => {
    const own = graphs[position]
    return own === undefined ? [] : [{ platform, graph: own }]
  })
  return { kind: 'defined', graph: mergeGraphs(parts), diagnostics }
}

/** As `defineBuild`, with graphs that are not merged, in the order of the platforms. */
export async function defineGraphs(
  scene: Scene,
  epoch: Epoch | undefined,
  linked: LinkedConfig,
): Promise<DefinedGraphs> {
  const { planOnly, pull } = scene.request
  if (pull && !planOnly) await scene.enter()
  let result = await defineAll(scene, epoch, linked, planOnly ? 'configs' : pull ? 'images' : 'nothing')
  if (result.kind === 'needs-images') {
    const missing = scene.request.offline ? result.images.filter((image) => isMissing(scene, image)) : []
    if (missing.length > 0) throw missingOffline(missing, [])
    await scene.enter()
    result = await defineAll(scene, epoch, linked, 'images')
  }
  invariant(result.kind !== 'needs-images', 'images are still missing after they were pulled')
  if (result.kind === 'failed') return result
  const { programs, diagnostics } = result
  const graphs = programs.map((program) => planGraph(program, epoch, programs.length > 1))
  return { kind: 'defined', graphs, diagnostics }
}

type DefinedPrograms =
  | { readonly kind: 'defined'; readonly programs: readonly Program[]; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: 'needs-images'; readonly images: readonly NeededImage[] }
  | { readonly kind: 'failed'; readonly diagnostics: readonly Diagnostic[] }

/** A program for each target platform. What is to be said of several is said once. */
async function defineAll(
  scene: Scene,
  epoch: Epoch | undefined,
  linked: LinkedConfig,
  fetch: Fetch,
): Promise<DefinedPrograms> {
  const results: DefineResult[] = []
  for (const platform of scene.targetPlatforms) results.push(await defineFor(scene, epoch, linked, fetch, platform))
  const diagnostics = [
    ...new Map(
      results
        .flatMap((result) => (result.kind === 'needs-images' ? [] : result.diagnostics))
        .map((diagnostic) => [JSON.stringify(diagnostic), diagnostic]),
    ).values(),
  ]
  if (results.some((result) => result.kind === 'failed')) return { kind: 'failed', diagnostics }
  const images = results.flatMap((result) => (result.kind === 'needs-images' ? result.images : []))
  if (images.length > 0) return { kind: 'needs-images', images }
  const programs = results.flatMap((result) => (result.kind === 'defined' ? [result.program] : []))
  return { kind: 'defined', programs, diagnostics }
}

async function defineFor(
  scene: Scene,
  epoch: Epoch | undefined,
  linked: LinkedConfig,
  fetch: Fetch,
  targetPlatform: Platform,
): Promise<DefineResult> {
  const { contexts, images, platform, request, store } = scene
  const target = request.target === undefined ? {} : { target: request.target }
  const options = {
    buildArgs: datedArguments(request.buildArgs, epoch),
    allowInsecure: request.allowInsecure,
    addHosts: request.addHosts,
    buildPlatform: platform,
    targetPlatform,
    contexts: contexts.facts,
    ...target,
    otherTargets: request.otherTargets.map(({ stage }) => stage),
    namedStages: request.noCacheFilter,
  }
  return defineProgram(scene.source, options, {
    parse: (source) => parseCached(source, store),
    parseTrigger: (text, sourceName) => parseTriggerCached(text, sourceName, store),
    async imageConfig(image) {
      const other = linked(image)
      if (other !== undefined) return other
      if (fetch === 'images') return (await images.pull(image.reference, image.platform)).config
      const stored = images.find(image.reference, image.platform)
      if (stored !== undefined || fetch === 'nothing') return stored?.config
      return images.inspect(image.reference, image.platform)
    },
  })
}
