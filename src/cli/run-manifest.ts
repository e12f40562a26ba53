import { ToolError } from '../base/index.ts'
import {
  addToList,
  annotateList,
  createList,
  hasList,
  inspectManifest,
  type ListSettings,
  listLists,
  type MemberChanges,
  removeFromList,
  removeLists,
} from '../engine/manifest-lists.ts'
import { type Column, renderListing } from '../report/index.ts'
import { keyValues } from './collect.ts'
import { exitCodes } from './exit-codes.ts'
import type { CreateListFlags, ManifestPushFlags, MemberFlags, RegistryFlags } from './flags.ts'
import { onInterrupt } from './interrupt.ts'
import { processHost } from './process-host.ts'
import { registryAccess } from './registry-access-flags.ts'
import { runPush } from './run-push.ts'

/** Runs `manifest create`; returns the exit code. */
export async function runManifestCreate(
  list: string,
  images: readonly string[],
  flags: CreateListFlags,
  root: string | undefined,
): Promise<number> {
  const { amend = false, all = false } = flags
  const request = { list, images, amend, all, annotations: keyValues(flags.annotation, {}) }
  const name = await withSettings(flags, root, (settings) => createList(request, settings))
  process.stdout.write(`Created manifest list ${name}\n`)
  return exitCodes.done
}

/** Runs `manifest add`; returns the exit code. */
export async function runManifestAdd(
  list: string,
  image: string,
  flags: MemberFlags,
  root: string | undefined,
): Promise<number> {
  const { all = false } = flags
  const request = { list, image, all, changes: memberChanges(flags) }
  const digests = await withSettings(flags, root, (settings) => addToList(request, settings))
  process.stdout.write(digests.map((digest) => `${digest}\n`).join(''))
  return exitCodes.done
}

/** Runs `manifest annotate`; returns the exit code. */
export async function runManifestAnnotate(
  list: string,
  image: string,
  flags: MemberFlags,
  root: string | undefined,
): Promise<number> {
  const request = { list, image, changes: memberChanges(flags) }
  const digest = await withSettings(flags, root, (settings) => annotateList(request, settings))
  process.stdout.write(`${digest}\n`)
  return exitCodes.done
}

/** Runs `manifest remove`; returns the exit code. */
export async function runManifestRemove(list: string, image: string, root: string | undefined): Promise<number> {
  const digest = await withSettings({}, root, (settings) => removeFromList({ list, image }, settings))
  process.stdout.write(`${digest}\n`)
  return exitCodes.done
}

/** Runs `manifest rm`; returns the exit code. */
export function runManifestRm(lists: readonly string[], root: string | undefined): number {
  const names = removeLists(processHost(), root, lists)
  process.stdout.write(names.map((name) => `Untagged: ${name}\n`).join(''))
  return exitCodes.done
}

const columns: readonly Column[] = [
  { field: 'Name', heading: 'NAME' },
  { field: 'Platforms', heading: 'PLATFORMS' },
]

/** Runs `manifest ls`; returns the exit code. */
export function runManifestLs(format: string | undefined, root: string | undefined): number {
  const rows = listLists(processHost(), root).map(({ name, platforms }) => ({
    Name: name,
    Platforms: platforms.join(', '),
  }))
  process.stdout.write(renderListing(columns, ['Name', 'Platforms'], rows, format))
  return exitCodes.done
}

/** Runs `manifest inspect`; returns the exit code. */
export async function runManifestInspect(
  name: string,
  flags: RegistryFlags,
  root: string | undefined,
): Promise<number> {
  const text = await withSettings(flags, root, (settings) => inspectManifest(name, settings))
  process.stdout.write(`${JSON.stringify(JSON.parse(text), null, 4)}\n`)
  return exitCodes.done
}

/** Runs `manifest push`; returns the exit code. */
export async function runManifestPush(
  list: string,
  destination: string | undefined,
  flags: ManifestPushFlags,
  root: string | undefined,
): Promise<number> {
  const { format, insecure, ...others } = flags
  if (!hasList(processHost(), root, list)) {
    throw new ToolError('image-not-found', `no list "${list}" in the store`, {
      hint: '`longshore manifest ls` lists what there is; an image is sent with longshore push',
    })
  }
  const pushed = {
    ...others,
    // podman's word for docker's media types.
    ...(format === undefined ? {} : { format: format === 'v2s2' ? 'docker' : format }),
    ...(insecure === true ? { tlsVerify: false } : {}),
  } as const
  const code = await runPush(list, destination, pushed, root)
  if (code === exitCodes.done && (flags.purge === true || flags.rm === true)) removeLists(processHost(), root, [list])
  return code
}

function memberChanges(flags: MemberFlags): MemberChanges {
  const { os, arch, variant, osVersion, osFeatures } = flags
  const features = osFeatures.flatMap((text) => text.split(',')).filter((text) => text !== '')
  return {
    ...(os === undefined ? {} : { os }),
    ...(arch === undefined ? {} : { architecture: arch }),
    ...(variant === undefined ? {} : { variant }),
    ...(osVersion === undefined ? {} : { osVersion }),
    ...(features.length === 0 ? {} : { osFeatures: features }),
    annotations: keyValues(flags.annotation, {}),
  }
}

async function withSettings<T>(
  flags: RegistryFlags & { readonly insecure?: boolean },
  root: string | undefined,
  action: (settings: ListSettings) => Promise<T>,
): Promise<T> {
  const abort = new AbortController()
  const restore = onInterrupt(() => abort.abort(new ToolError('canceled', 'interrupted')))
  try {
    return await action({
      host: processHost(),
      access: registryAccess(flags.insecure === true ? { ...flags, tlsVerify: false } : flags),
      signal: abort.signal,
      ...(root === undefined ? {} : { root }),
    })
  } finally {
    restore()
  }
}
