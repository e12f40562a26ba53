import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoCode, nearest, storeAction, ToolError } from '../base/index.ts'
import { decodeJson } from '../oci/index.ts'
import { readWhole, writeWhole } from '../sys/atomic-file.ts'
import { isProcessAlive } from '../sys/process-mark.ts'
import { type ContainerNames, openNames } from './container-names.ts'
import type { ContainerSpec } from './container-spec.ts'
import { type ContainerState, createdState, decodeState, isActive } from './container-state.ts'
import { decodeSpec } from './decode-spec.ts'

/** What a new container brings along. */
export interface NewContainer {
  readonly spec: ContainerSpec
  readonly name: string
  /** The image's config as it is stored, for when the image is gone. */
  readonly imageConfig: Uint8Array
  /** Names of the layers in the store, which are kept as long as the container is there. */
  readonly layerNames: readonly string[]
  /** Called once the layers are kept; throws when one is gone already. */
  readonly checkLayers: () => void
}

/** The containers of a store, a directory each. A container is there when its directory is: it is renamed into place whole. */
export interface ContainerStore {
  readonly names: ContainerNames
  ids(): readonly string[]
  exists(id: string): boolean
  /** A path below the container's directory. */
  path(id: string, ...below: readonly string[]): string
  /** Throws `ToolError` `container-not-found` when it is not there (any more). */
  spec(id: string): ContainerSpec
  imageConfig(id: string): Uint8Array
  /** How it is in truth: what its supervisor wrote, unless that is dead. */
  state(id: string): ContainerState
  writeState(id: string, state: ContainerState): void
  /** ID for a name, an ID or the only one that begins so. Throws `ToolError` `container-not-found`. */
  find(text: string): string
  create(container: NewContainer): void
  /** Takes the container away under another name; returns where its files are, for `dispose`. Undefined when it is gone. */
  retire(id: string): string | undefined
  /** Removes what was taken away. False when files are not ours to remove without a namespace. */
  dispose(path: string): boolean
}

const idPattern = /^[0-9a-f]{64}$/
const abandonedMs = 60 * 60 * 1000

/** The containers below `root`; `pid` is our own process. */
export function openContainers(root: string, pid: number): ContainerStore {
  const directory = join(root, 'containers')
  const path = (id: string, ...below: readonly string[]): string => join(directory, id, ...below)
  const exists = (id: string): boolean =>
    idPattern.test(id) && statSync(path(id), { throwIfNoEntry: false }) !== undefined
  const names = openNames(join(directory, 'names'), pid, exists)
  const ids = (): readonly string[] => readdirSync(directory).filter((name) => idPattern.test(name))
  const state = (id: string): ContainerState => {
    const bytes = readWhole(path(id, 'state.json'))
    return bytes === undefined
      ? createdState
      : inTruth(decodeJson(bytes, `state of container ${id.slice(0, 12)}`, decodeState, brokenHint), path(id))
  }
  return {
    ...{ names, ids, exists, path, state },
    spec(id) {
      const bytes = readWhole(path(id, 'spec.json'))
      if (bytes === undefined) throw notFound(id, [])
      return decodeJson(bytes, `container ${id.slice(0, 12)}`, decodeSpec, brokenHint)
    },
    imageConfig(id) {
      const bytes = readWhole(path(id, 'image.json'))
      if (bytes === undefined) throw notFound(id, [])
      return bytes
    },
    writeState: (id, value) => writeWhole(path(id, 'state.json'), JSON.stringify(value)),
    find: (text) => find(text, names, ids, exists),
    create: (container) => create(directory, names, container),
    retire: (id) => retire(directory, id),
    dispose,
  }
}

const brokenHint = 'remove the container: longshore rm -f'

/** A state that says that somebody looks after the container, when nobody does any more, is a state of the past. */
function inTruth(state: ContainerState, directory: string): ContainerState {
  if (!isActive(state)) return state
  if (state.supervisor !== undefined && isProcessAlive(state.supervisor)) return state
  const { supervisor, health, connection, ...rest } = state
  const endedMs = statSync(join(directory, 'state.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  return {
    ...rest,
    status: 'exited',
    pid: 0,
    exitCode: 137,
    error: 'its supervisor is gone: it was killed, or the machine was started again',
    finishedAt: new Date(endedMs).toISOString(),
  }
}

function find(
  text: string,
  names: ContainerNames,
  ids: () => readonly string[],
  exists: (id: string) => boolean,
): string {
  if (exists(text)) return text
  const owner = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(text) ? names.owner(text) : undefined
  if (owner !== undefined && exists(owner)) return owner
  const begun = /^[0-9a-f]{1,64}$/.test(text) ? ids().filter((id) => id.startsWith(text)) : []
  const [only] = begun
  if (only !== undefined && begun.length === 1) return only
  if (begun.length > 1) {
    throw new ToolError('container-not-found', `"${text}" begins the IDs of ${begun.length} containers`, {
      hint: 'give more digits of the ID; `longshore ps -a --no-trunc` shows them',
    })
  }
  throw notFound(text, [...names.all().values()])
}

function notFound(text: string, known: readonly string[]): ToolError {
  const likely = nearest(text, known)
  return new ToolError('container-not-found', `no such container: ${text}`, {
    hint: likely === undefined ? '`longshore ps -a` lists what there is' : `did you mean "${likely}"?`,
  })
}

function create(directory: string, names: ContainerNames, container: NewContainer): void {
  const { spec, name } = container
  storeAction('create the container', () => {
    sweep(directory)
    const fresh = join(directory, `.new-${spec.id}`)
    try {
      for (const folder of ['', 'layer', 'layer/fs', 'uses']) mkdirSync(join(fresh, folder), { mode: 0o700 })
      for (const folder of ['layer', 'layer/fs']) chmodSync(join(fresh, folder), 0o755)
      for (const layer of container.layerNames) writeFileSync(join(fresh, 'uses', layer), '')
      container.checkLayers()
      writeWhole(join(fresh, 'image.json'), container.imageConfig)
      writeWhole(join(fresh, 'spec.json'), JSON.stringify(spec))
      names.claim(name, spec.id)
      renameSync(fresh, join(directory, spec.id))
    } catch (error) {
      rmSync(fresh, { recursive: true, force: true })
      names.release(name, spec.id)
      throw error
    }
  })
}

function retire(directory: string, id: string): string | undefined {
  const gone = join(directory, `.gone-${id}`)
  return storeAction(`remove the container ${id.slice(0, 12)}`, () => {
    try {
      renameSync(join(directory, id), gone)
      return gone
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return undefined
      throw error
    }
  })
}

function dispose(path: string): boolean {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 3 })
    return true
  } catch (error) {
    if (errnoCode(error) === 'EACCES' || errnoCode(error) === 'EPERM') return false
    return storeAction(`remove ${path}`, () => {
      throw error
    })
  }
}

/** What a process that was killed left: containers half made, and half removed ones. */
function sweep(directory: string): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    if (name.startsWith('.gone-')) dispose(path)
    if (!name.startsWith('.new-')) continue
    const madeMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs
    if (madeMs !== undefined && Date.now() - madeMs > abandonedMs) dispose(path)
  }
}
