import { type Digest, invariant, ToolError } from '../base/index.ts'
import {
  formatPlatform,
  hostPlatform,
  localName,
  type Platform,
  parseReference,
  selectByPlatform,
  withDefaultTag,
} from '../oci/index.ts'
import type { IndexMember, NamedIndex, StoredIndex } from '../ports/index.ts'
import { openStore, type Store } from '../store/index.ts'
import { type Host, overlayXattrs, storeRoot } from './host.ts'
import { indexDocument } from './index-document.ts'
import { findMember, type ListRoom, listMembers, memberDescriptor, storedManifest, withAdded } from './list-member.ts'
import type { RegistryAccess } from './registry-access.ts'
import { lazyRegistry } from './registry-client.ts'
import { localMembers, storedName } from './stored-images.ts'

/** What a command about lists works with. */
export interface ListSettings {
  readonly host: Host
  readonly access: RegistryAccess
  readonly signal: AbortSignal
  readonly root?: string
}

/** What is said of a member, in place of what its manifest says. */
export interface MemberChanges {
  readonly os?: string
  readonly architecture?: string
  readonly variant?: string
  readonly osVersion?: string
  readonly osFeatures?: readonly string[]
  readonly annotations: Readonly<Record<string, string>>
}

export interface CreateListRequest {
  readonly list: string
  readonly images: readonly string[]
  /** Add to a list that is there. */
  readonly amend: boolean
  /** Of an image that is an index take all. */
  readonly all: boolean
  readonly annotations: Readonly<Record<string, string>>
}

/**
 * Makes a list of images under a name, or with `amend` adds to it; returns the name. Nothing of images that only a registry has is
 * fetched but their manifests. Throws `ToolError` `name-in-use`, and those of `listMembers`.
 */
export function createList(request: CreateListRequest, settings: ListSettings): Promise<string> {
  return inListRoom(settings, async (room) => {
    const name = localName(request.list)
    const known = room.store.images.index(name)
    if (known !== undefined && !request.amend) {
      throw new ToolError('name-in-use', `there is a list "${name}" already`, {
        hint: `add to it with --amend, or remove it first: longshore manifest rm ${name}`,
      })
    }
    if (known === undefined && room.store.images.references().some((reference) => reference.name === name)) {
      throw new ToolError('name-in-use', `the name "${name}" is that of an image`, {
        hint: `choose another name for the list, or take it off the image: longshore untag ${name}`,
      })
    }
    let members: readonly IndexMember[] = known?.index.members ?? []
    for (const image of request.images) {
      members = withAdded(room, members, await listMembers(room, image, { all: request.all }))
    }
    const annotations = { ...known?.index.annotations, ...request.annotations }
    writeList(room, name, { members, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) })
    return name
  })
}

export interface AddRequest {
  readonly list: string
  readonly image: string
  readonly all: boolean
  readonly changes: MemberChanges
}

/** Adds an image to a list; one that was added by the same name before goes. Returns the digests of the manifests. */
export function addToList(
  { list, image, all, changes }: AddRequest,
  settings: ListSettings,
): Promise<readonly Digest[]> {
  return inListRoom(settings, async (room) => {
    const named = requireList(room.store, list)
    const { os, architecture, variant } = changes
    const host = room.hostPlatform
    // What is said of the platform also chooses among the images of an index.
    const isChosen = os !== undefined || architecture !== undefined || variant !== undefined
    const platform: Platform = {
      os: os ?? host.os,
      architecture: architecture ?? host.architecture,
      ...(variant === undefined ? {} : { variant }),
    }
    const taken = await listMembers(room, image, { all, ...(isChosen ? { platform } : {}) })
    const added = all ? taken : taken.map((member) => changed(member, changes))
    writeList(room, named.name, { ...ownIndex(named), members: withAdded(room, named.index.members, added) })
    return added.map((member) => memberDescriptor(room, member).digest)
  })
}

/** Changes what a list says of one of its images. Returns the digest of its manifest. */
export function annotateList(
  { list, image, changes }: Pick<AddRequest, 'list' | 'image' | 'changes'>,
  settings: ListSettings,
): Promise<Digest> {
  return inListRoom(settings, async (room) => {
    const named = requireList(room.store, list)
    const place = findMember(room, list, named.index.members, image)
    const members = named.index.members.map((member, at) => (at === place ? changed(member, changes) : member))
    writeList(room, named.name, { ...ownIndex(named), members })
    return digestAt(room, members, place)
  })
}

/** Takes an image off a list; it stays in the store. Returns the digest of its manifest. */
export function removeFromList(
  { list, image }: Pick<AddRequest, 'list' | 'image'>,
  settings: ListSettings,
): Promise<Digest> {
  return inListRoom(settings, async (room) => {
    const named = requireList(room.store, list)
    const place = findMember(room, list, named.index.members, image)
    const members = named.index.members.filter((_, at) => at !== place)
    writeList(room, named.name, { ...ownIndex(named), members })
    return digestAt(room, named.index.members, place)
  })
}

/** Removes lists; their images stay. Returns their names. Throws `ToolError` `image-not-found`, also for an image that is no list. */
export function removeLists(host: Host, root: string | undefined, lists: readonly string[]): readonly string[] {
  const store = openStore(storeRoot(host, root))
  const names = lists.map((list) => requireList(store, list).name)
  return names.filter((name) => store.images.untag(name))
}

/** A line of `longshore manifest ls`. */
export interface ListedIndex {
  readonly name: string
  readonly platforms: readonly string[]
}

/** Every name with an index, those whose images are in a registry alone among them. */
export function listLists(host: Host, root: string | undefined): readonly ListedIndex[] {
  return openStore(storeRoot(host, root))
    .images.indexes()
    .map(({ name, index }) => ({
      name,
      platforms: index.members.flatMap((member) => {
        const platform = member.kind === 'image' ? member.platform : member.descriptor.platform
        return platform === undefined ? [] : [formatPlatform(platform)]
      }),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Whether the store has a list of that name. */
export function hasList(host: Host, root: string | undefined, list: string): boolean {
  return openStore(storeRoot(host, root)).images.index(storedName(list)) !== undefined
}

/**
 * The index of a list as it will be pushed (manifests of images that were built here are told without compression), of a pulled
 * name as the registry had it, the manifest of an image that was built here; else what a registry has. JSON text.
 */
export function inspectManifest(text: string, settings: ListSettings): Promise<string> {
  return inListRoom(settings, async (room) => {
    const plain = text.replace(/^docker:\/\//, '')
    const { images, blobs } = room.store
    const named = plain === text ? images.index(storedName(plain)) : undefined
    if (named !== undefined) {
      const { document, members } = named.index
      const original = document === undefined ? undefined : blobs.read(document)
      const children = original === undefined ? members.map((member) => memberDescriptor(room, member)) : []
      const bytes = original ?? indexDocument(room.store, named.index, children, undefined).bytes
      return Buffer.from(bytes).toString('utf8')
    }
    const own = plain === text ? images.findImage(storedName(plain)) : undefined
    if (own !== undefined && own.manifest === undefined) {
      return Buffer.from(storedManifest(room.store, room.overlay, room.signal, own).manifestBytes).toString('utf8')
    }
    const client = await room.registry()
    const { bytes } = await client.fetchManifest(withDefaultTag(parseReference(plain)), room.signal)
    return Buffer.from(bytes).toString('utf8')
  })
}

async function inListRoom<T>(settings: ListSettings, action: (room: ListRoom) => Promise<T>): Promise<T> {
  const { host, access, signal, root } = settings
  const registry = lazyRegistry(host, access)
  try {
    return await action({
      store: openStore(storeRoot(host, root)),
      overlay: overlayXattrs(host),
      hostPlatform: hostPlatform(host.arch),
      registry: () => registry.client(),
      signal,
    })
  } finally {
    await registry.close()
  }
}

function requireList(store: Store, list: string): NamedIndex {
  const name = storedName(list)
  const named = store.images.index(name)
  if (named !== undefined) return named
  const isImage = store.images.findImage(name) !== undefined
  throw new ToolError(
    'image-not-found',
    isImage ? `"${list}" is an image, no list` : `no list "${list}" in the store`,
    {
      hint: isImage
        ? 'make a list of it under another name: longshore manifest create'
        : '`longshore manifest ls` lists what there is',
    },
  )
}

/** An index that is changed is no longer what a registry has. */
function ownIndex({ index }: NamedIndex): Omit<StoredIndex, 'members' | 'document'> {
  return index.annotations === undefined ? {} : { annotations: index.annotations }
}

function writeList(room: ListRoom, name: string, index: StoredIndex): void {
  const local = localMembers(index)
  const preferred = selectByPlatform(local, room.hostPlatform) ?? local[0]
  room.store.images.tagIndex(name, index, preferred?.imageId)
}

function digestAt(room: ListRoom, members: readonly IndexMember[], place: number): Digest {
  const member = members[place]
  invariant(member !== undefined, 'a member that was found')
  return memberDescriptor(room, member).digest
}

function changed(member: IndexMember, { annotations: added, ...changes }: MemberChanges): IndexMember {
  const given = member.kind === 'image' ? member : member.descriptor
  const platform = { os: 'linux', architecture: 'unknown', ...given.platform, ...changes }
  const annotations = { ...given.annotations, ...added }
  const annotated = Object.keys(annotations).length === 0 ? {} : { annotations }
  if (member.kind === 'image') return { ...member, platform, ...annotated }
  return { ...member, descriptor: { ...member.descriptor, platform, ...annotated } }
}
