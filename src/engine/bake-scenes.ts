import { existsSync, realpathSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { canonicalHash, type Digest, digestOf, invariant, ToolError } from '../base/index.ts'
import type { EmitEvent, ExecutorPort, RunPorts, TreePort } from '../build/index.ts'
import { contextKey, type FileSource } from '../ir/index.ts'
import type { LayerOperation, TreeSource } from '../plan/index.ts'
import type { BuildRequest } from './build-request.ts'
import type { Host } from './host.ts'
import type { LazyContext } from './lazy-context.ts'
import { openScene, type Scene } from './scene.ts'

/** One target of a bake. */
export interface BakeTargetRequest {
  readonly name: string
  readonly request: BuildRequest
  /** Contexts that are results of other targets: the context's name and the target's. */
  readonly links: Readonly<Record<string, string>>
  /** It is there for other targets alone, and makes no image. */
  readonly isLinked: boolean
}

/** A target, and the scene that its Dockerfile and contexts are in. */
export interface BakeScene extends BakeTargetRequest {
  readonly scene: Scene
}

/** The reference by which the Dockerfile of one target knows the result of another. */
export function linkReference(target: string): Digest {
  return digestOf(`longshore.bake/1 ${target}`)
}

/** Opens a scene for each target; all work in the workshop of the first. Throws what `openScene` throws. */
export async function openBakeScenes(
  targets: readonly BakeTargetRequest[],
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
): Promise<readonly BakeScene[]> {
  const opened: BakeScene[] = []
  try {
    for (const target of targets) {
      const own = await openScene(target.request, host, emit, signal, opened[0]?.scene)
      opened.push({ ...target, scene: withLinks(own, target.links) })
    }
    return opened
  } catch (error) {
    await closeBakeScenes(opened)
    throw error
  }
}

export async function closeBakeScenes(scenes: readonly BakeScene[]): Promise<void> {
  for (const { scene } of scenes.toReversed()) await scene.close()
}

function withLinks(scene: Scene, links: BakeTargetRequest['links']): Scene {
  const facts = Object.fromEntries(
    Object.entries(links).map(([written, target]) => {
      const name = contextKey(written)
      if (name !== undefined) return [name, { kind: 'image', reference: linkReference(target) } as const] as const
      throw new ToolError('usage', `"${written}" cannot name a context: it reads like an image name`, {
        hint: 'choose a name in lower case, e.g. contexts = { base = "target:base" }',
      })
    }),
  )
  return { ...scene, contexts: { ...scene.contexts, facts: { ...scene.contexts.facts, ...facts } } }
}

/** Where the files of the contexts of all targets are; the same directory is one tree, whoever names it. */
export class BakeTrees {
  readonly #sources = new Map<string, { readonly scene: Scene; readonly source: TreeSource }>()

  /** The name of a context of a target. */
  treeOf({ scene }: BakeScene, source: Extract<FileSource, { kind: 'context' | 'named' | 'workspace' }>): string {
    const name = treePlace(scene, source)
    const tree = canonicalHash('longshore.bake-tree/1', name).slice(0, 16)
    if (!this.#sources.has(tree)) this.#sources.set(tree, { scene, source })
    return tree
  }

  /** Whose context a tree is; undefined for what ADD fetches. */
  place(source: TreeSource): { readonly scene: Scene; readonly source: TreeSource } | undefined {
    const tree = 'tree' in source ? source.tree : undefined
    return tree === undefined ? undefined : this.#sources.get(tree)
  }

  /** The main context that a tree is, if it is one. */
  context(tree: string | undefined): LazyContext | undefined {
    const found = tree === undefined ? undefined : this.#sources.get(tree)
    return found?.source.kind === 'context' ? found.scene.context : undefined
  }

  /** Trees by their names; what ADD fetches, `house` does. */
  port(house: Scene): TreePort {
    const place = (source: TreeSource): { readonly scene: Scene; readonly source: TreeSource } =>
      this.place(source) ?? { scene: house, source }
    return {
      fetch(wanted) {
        const { scene, source } = place(wanted)
        return scene.trees.fetch(source)
      },
      open(wanted) {
        const { scene, source } = place(wanted)
        return scene.trees.open(source)
      },
    }
  }
}

/** What makes two trees one. */
function treePlace(
  scene: Scene,
  source: Extract<FileSource, { kind: 'context' | 'named' | 'workspace' }>,
): readonly string[] {
  if (source.kind === 'named') return namedContext(scene, source.name)
  const context = mainContext(scene)
  return source.kind === 'context' ? context : [...context, 'workspace', source.root, ...source.packages]
}

/** An ignore file beside a Dockerfile makes another context of its directory. */
function mainContext({ request, host }: Scene): readonly string[] {
  const directory = isAbsolute(request.context) ? request.context : join(host.cwd, request.context)
  if (!existsSync(directory)) return ['remote', request.context]
  const { file = join(directory, 'Dockerfile') } = request
  const dockerfile = isAbsolute(file) ? file : join(host.cwd, file)
  const hasOwnIgnore = request.dockerfileText === undefined && existsSync(`${dockerfile}.dockerignore`)
  return ['main', realpathSync(directory), hasOwnIgnore ? dockerfile : '']
}

function namedContext({ request, host, contexts }: Scene, name: string): readonly string[] {
  const value = Object.entries(request.contexts).find(([written]) => contextKey(written) === name)?.[1] ?? name
  if (contexts.remote(name) !== undefined) return ['remote', value]
  return ['named', realpathSync(isAbsolute(value) ? value : join(host.cwd, value))]
}

/** The ports of all targets together. Steps are executed with what belongs to the target that brought them. */
export function bakePorts(
  scenes: readonly BakeScene[],
  trees: BakeTrees,
  owners: ReadonlyMap<LayerOperation, BakeScene>,
): RunPorts {
  const house = scenes[0]?.scene
  invariant(house !== undefined, 'a bake of no target')
  const withLayout = (reference: string): Scene =>
    scenes.find(({ scene }) => scene.contexts.layouts.has(reference))?.scene ?? house
  const executors = new Map<BakeScene, ExecutorPort>()
  const executorOf = (operation: LayerOperation): ExecutorPort => {
    const owner = owners.get(operation)
    invariant(owner !== undefined, 'a step of no target')
    const known = executors.get(owner) ?? executorFor(owner.scene)
    executors.set(owner, known)
    return known
  }
  return {
    ...house.ports,
    images: {
      find: (reference, platform) => withLayout(reference).images.find(reference, platform),
      pull: (reference, platform) => withLayout(reference).images.pull(reference, platform),
      inspect: (reference, platform) => withLayout(reference).images.inspect(reference, platform),
    },
    trees: trees.port(house),
    executor: {
      execute: (request) => executorOf(request.operation).execute(request),
      selectFrom: (layers, wanted) => house.ports.executor.selectFrom(layers, wanted),
    },
  }
}

function executorFor(scene: Scene): ExecutorPort {
  const workshop = scene.workshop()
  invariant(workshop !== undefined, 'work before the namespace was entered')
  const { request, project } = scene
  const { limits, secrets, agents } = request
  return workshop.executorFor({
    contextDirectory: scene.context.root,
    network: request.network === 'none' || request.offline ? 'none' : 'host',
    limits,
    secrets,
    agents,
    project,
  })
}
