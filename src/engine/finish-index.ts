import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { invariant } from '../base/index.ts'
import type { BuiltPlatform, EmitEvent, StepLayers } from '../build/index.ts'
import { type Descriptor, formatPlatform, selectByPlatform } from '../oci/index.ts'
import type { StepGraph } from '../plan/index.ts'
import type { LocalMember, NamedIndex, StoredImage } from '../ports/index.ts'
import { assembleImage, type FinishedImage, keepImages, recordNames } from './finish-image.ts'
import { leaseLayers } from './lease-layers.ts'
import type { OutputSpec } from './output-spec.ts'
import type { Scene } from './scene.ts'
import { runTask } from './task.ts'
import type { Workshop } from './workshop.ts'

/** The index of a build for several platforms, and its images. */
interface BuiltIndex {
  readonly index: Pick<NamedIndex, 'index'> & { readonly imageId: StoredImage['id'] }
  readonly images: readonly BuiltImage[]
  /** Names that led to something else before. */
  readonly newNames: readonly string[]
}

interface BuiltImage {
  readonly image: StoredImage
  /** What it was asked for: `linux/arm64`. */
  readonly platform: string
}

/** As `finishImage`, for several platforms: an image of each target of the graph, and an index of them under the names. */
export async function finishIndex(
  scene: Scene,
  graph: StepGraph,
  layers: StepLayers,
  emit: EmitEvent,
): Promise<FinishedImage & { readonly platforms: readonly BuiltPlatform[] }> {
  const { host, names } = scene
  const titles = names.length === 0 ? '' : ` named ${names.join(', ')}`
  const task = { emit, nowMs: () => host.nowMs() }
  const built = await runTask(task, 'image', `images of ${graph.targets.length} platforms${titles}`, async () => ({
    result: keepIndex(scene, graph, layers),
    cached: false,
  }))
  await recordNames(scene, built.index.imageId, built.newNames)
  const manifest = await writeOutputs(scene, built, emit)
  const platforms = built.images.map(({ image, platform }) => ({ platform, imageId: image.id }))
  return { id: built.index.imageId, platforms, ...(manifest === undefined ? {} : { manifest }) }
}

function keepIndex(scene: Scene, graph: StepGraph, layers: StepLayers): BuiltIndex {
  const { store, names, platform, targetPlatforms } = scene
  const made = graph.targets.map((target, position) =>
    assembleImage(scene, { ...graph, target }, layers, targetPlatforms[position]),
  )
  const members = made.flatMap(({ id }, position): LocalMember[] => {
    const wanted = targetPlatforms[position]
    return wanted === undefined ? [] : [{ kind: 'image', imageId: id, platform: wanted }]
  })
  const imageId = (selectByPlatform(members, platform) ?? members[0])?.imageId
  invariant(imageId !== undefined, 'a build for no platform')
  const index = { members }
  const newNames = names.filter((name) => JSON.stringify(store.images.index(name)?.index) !== JSON.stringify(index))
  const images = keepImages(scene, made, () => {
    for (const name of newNames) store.images.tagIndex(name, index, imageId)
  })
  const platforms = members.map((member) => formatPlatform(member.platform))
  return {
    index: { index, imageId },
    newNames,
    images: images.map((image, at) => ({ image, platform: platforms[at] ?? '' })),
  }
}

/** Writes the outputs asked for; the descriptor is of the last index that had to be made. */
async function writeOutputs(scene: Scene, built: BuiltIndex, emit: EmitEvent): Promise<Descriptor | undefined> {
  const { store, names, signal } = scene
  let manifest: Descriptor | undefined
  for (const output of scene.request.outputs) {
    if (output.type === 'image') continue
    const workshop = await scene.enter()
    for (const { image } of built.images) leaseLayers(store, workshop.session, image.layers)
    const common = { store, overlay: workshop.overlay, signal }
    switch (output.type) {
      case 'tar':
      case 'local':
        await writeTrees(scene, workshop, built.images, output)
        break
      case 'registry': {
        const { pushNames } = await import('./push-names.ts')
        const nowMs = (): number => scene.host.nowMs()
        const settings = { ...common, emit, nowMs, registry: scene.registry.client }
        manifest = await pushNames(settings, built.index, names, output.form)
        break
      }
      default: {
        const { writeLayout } = await import('./write-layout.ts')
        const { dest, tar, compression } = output
        const form = { compression, format: 'oci' } as const
        const images = [{ index: built.index, names }]
        ;[manifest] = await writeLayout({ ...common, images, form, docker: output.type === 'docker', dest, tar })
      }
    }
  }
  return manifest
}

/** The files of each platform in a directory of its own, `linux_arm64`, as BuildKit has it. */
async function writeTrees(
  { store }: Scene,
  workshop: Workshop,
  images: readonly BuiltImage[],
  output: Extract<OutputSpec, { type: 'tar' | 'local' }>,
): Promise<void> {
  const { writeRootfs } = await import('./write-rootfs.ts')
  const folders = images.map(({ image, platform }) => ({ image, folder: platform.replaceAll('/', '_') }))
  for (const { image, folder } of folders) {
    const dest = join(output.dest, folder)
    await writeRootfs({ store, workshop, layers: image.layers, output: { ...output, dest } })
  }
  if (output.type === 'tar' || output.mode === 'copy') return
  const kept = new Set(folders.map(({ folder }) => folder))
  for (const name of readdirSync(output.dest)) {
    if (!kept.has(name)) rmSync(join(output.dest, name), { recursive: true, force: true })
  }
}
