import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { errnoCode, nearest, storeAction, ToolError } from '../base/index.ts'
import type { ContainerSpec, MountSpec } from '../container/index.ts'
import type { ContainerRoom } from './container-room.ts'
import { disposeTree } from './dispose-tree.ts'
import { allContainers } from './list-containers.ts'
import { recordEvent } from './record-event.ts'

/** A volume: a directory that outlives containers. */
export interface Volume {
  readonly name: string
  readonly created: string
  readonly labels: Readonly<Record<string, string>>
  /** Made for one container, which nobody named. */
  readonly anonymous: boolean
  /** Where its files are on this machine. */
  readonly mountpoint: string
}

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/

/** Path of a volume's directory in the store. */
export function volumePath({ store }: ContainerRoom, name: string): string {
  return join(store.root, 'volumes', name)
}

/** Makes a volume, and does nothing when it is there. Throws `ToolError` `usage` for a name that is none. */
export function ensureVolume(
  room: ContainerRoom,
  name: string,
  fields: Partial<Pick<Volume, 'labels' | 'anonymous'>> = {},
): void {
  if (!namePattern.test(name)) {
    throw new ToolError('usage', `"${name}" is not a volume name`, {
      hint: 'use letters, digits, _ . and -; a directory of this machine is written with a slash: ./data',
    })
  }
  const path = volumePath(room, name)
  storeAction(`make the volume "${name}"`, () => {
    mkdirSync(join(room.store.root, 'volumes'), { recursive: true, mode: 0o711 })
    try {
      mkdirSync(path, { mode: 0o711 })
    } catch (error) {
      if (errnoCode(error) === 'EEXIST') return
      throw error
    }
    mkdirSync(join(path, '_data'), { mode: 0o755 })
    const { labels = {}, anonymous = false } = fields
    const created = new Date(room.host.nowMs()).toISOString()
    writeFileSync(join(path, 'volume.json'), JSON.stringify({ name, created, labels, anonymous }), { mode: 0o600 })
    recordVolume(room, name, 'create')
  })
}

/** The volume of that name; undefined when there is none. */
export function readVolume(room: ContainerRoom, name: string): Volume | undefined {
  if (!namePattern.test(name)) return undefined
  const path = volumePath(room, name)
  let value: unknown
  try {
    value = JSON.parse(readFileSync(join(path, 'volume.json'), 'utf8'))
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR' || error instanceof SyntaxError)
      return undefined
    throw error
  }
  const fields = typeof value === 'object' && value !== null ? value : {}
  return {
    name,
    created: 'created' in fields && typeof fields.created === 'string' ? fields.created : '',
    labels: 'labels' in fields ? textsOf(fields.labels) : {},
    anonymous: 'anonymous' in fields && fields.anonymous === true,
    mountpoint: join(path, '_data'),
  }
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

/**
 * All mounts of a new container: those asked for, those of the containers of --volumes-from, and an anonymous volume for every
 * VOLUME of the image that nothing else is mounted on. The volumes are there afterwards.
 */
export function prepareVolumes(
  room: ContainerRoom,
  spec: ContainerSpec,
  imageVolumes: readonly string[],
  volumesFrom: readonly string[],
): readonly MountSpec[] {
  const mounts = new Map(spec.mounts.map((mount) => [posix.normalize(mount.target), mount] as const))
  const add = (mount: MountSpec): void => {
    const target = posix.normalize(mount.target)
    if (!mounts.has(target)) mounts.set(target, mount)
  }
  for (const text of volumesFrom) for (const mount of mountsFrom(room, text)) add(mount)
  for (const target of imageVolumes) {
    add({ kind: 'volume', name: '', target, readonly: false, anonymous: true, copy: true })
  }
  return [...mounts.values()].map((mount) => {
    if (mount.kind !== 'volume') return mount
    const name = mount.name === '' ? randomBytes(32).toString('hex') : mount.name
    ensureVolume(room, name, { anonymous: mount.anonymous && mount.name === '' })
    return { ...mount, name }
  })
}

/** Mounts of another container; its anonymous volumes are not the new one's to remove. */
function mountsFrom(room: ContainerRoom, text: string): readonly MountSpec[] {
  const [, name = text, mode] = /^(.*?)(?::(ro|rw))?$/.exec(text) ?? []
  const { mounts } = room.containers.spec(room.containers.find(name))
  return mounts
    .filter((mount) => mount.kind !== 'tmpfs')
    .map((mount) => ({
      ...mount,
      readonly: mode === 'ro' ? true : mount.readonly,
      ...(mount.kind === 'volume' ? { anonymous: false } : {}),
    }))
}

/** All volumes, by name. */
export function listVolumes(room: ContainerRoom): readonly Volume[] {
  let names: readonly string[]
  try {
    names = readdirSync(join(room.store.root, 'volumes'))
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return []
    throw error
  }
  return [...names].sort().flatMap((name) => readVolume(room, name) ?? [])
}

/** Names of containers by the volumes they have. */
export function volumeUsers(room: ContainerRoom): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>()
  for (const { name, spec } of allContainers(room)) {
    for (const mount of spec.mounts) {
      if (mount.kind === 'volume') users.set(mount.name, [...(users.get(mount.name) ?? []), name])
    }
  }
  return users
}

/** The volume of that name. Throws `ToolError` `volume-not-found`. */
export function requireVolume(room: ContainerRoom, name: string): Volume {
  const found = readVolume(room, name)
  if (found !== undefined) return found
  const likely = nearest(
    name,
    listVolumes(room).map((volume) => volume.name),
  )
  throw new ToolError('volume-not-found', `no such volume: ${name}`, {
    hint: likely === undefined ? '`longshore volume ls` lists what there is' : `did you mean "${likely}"?`,
  })
}

/** Removes a volume that no container has. Throws `ToolError` `volume-in-use`. */
export function removeVolume(room: ContainerRoom, name: string): void {
  requireVolume(room, name)
  const [user] = volumeUsers(room).get(name) ?? []
  if (user !== undefined) {
    throw new ToolError('volume-in-use', `the volume "${name}" is used by the container ${user}`, {
      hint: `remove that first: longshore rm ${user}`,
    })
  }
  disposeTree(room, volumePath(room, name))
  recordVolume(room, name, 'destroy')
}

function recordVolume({ store, host }: ContainerRoom, name: string, action: 'create' | 'destroy'): void {
  recordEvent(store.root, host, { type: 'volume', action, id: name, attributes: { driver: 'local' } })
}
