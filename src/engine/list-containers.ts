import { compareCodeUnits, ToolError } from '../base/index.ts'
import type { ContainerSpec, ContainerState } from '../container/index.ts'
import type { ContainerRoom } from './container-room.ts'
import { findStored, storedName } from './stored-images.ts'
import { treeSize } from './tree-size.ts'

/** A container as listings and inspections see it. */
export interface ListedContainer {
  readonly name: string
  readonly spec: ContainerSpec
  readonly state: ContainerState
}

/** All containers of the store, newest first. One that is removed meanwhile is left out. */
export function allContainers({ containers }: ContainerRoom): readonly ListedContainer[] {
  const names = containers.names.all()
  const found = containers.ids().flatMap((id) => {
    try {
      const name = names.get(id)
      return name === undefined ? [] : [{ name, spec: containers.spec(id), state: containers.state(id) }]
    } catch (error) {
      if (error instanceof ToolError && error.code === 'container-not-found') return []
      throw error
    }
  })
  return found.sort((a, b) => compareCodeUnits(b.spec.created, a.spec.created))
}

type Test = (container: ListedContainer) => boolean

const filters: Readonly<Record<string, (value: string, room: ContainerRoom, all: readonly ListedContainer[]) => Test>> =
  {
    id:
      (value) =>
      ({ spec }) =>
        spec.id.startsWith(value),
    name:
      (value) =>
      ({ name }) =>
        matches(value, name),
    label:
      (value) =>
      ({ spec }) =>
        hasLabel(spec.labels, value),
    'label!':
      (value) =>
      ({ spec }) =>
        !hasLabel(spec.labels, value),
    status: (value) => statusTest(value),
    exited:
      (value) =>
      ({ state }) =>
        state.status === 'exited' && String(state.exitCode) === value,
    ancestor: (value, room) => ancestorTest(value, room),
    before: (value, room) => ageTest(value, room, -1),
    since: (value, room) => ageTest(value, room, 1),
    volume:
      (value) =>
      ({ spec }) =>
        spec.mounts.some((mount) => mount.target === value || (mount.kind === 'volume' && mount.name === value)),
    network:
      (value) =>
      ({ spec }) =>
        spec.network.mode === value,
    health:
      (value) =>
      ({ state }) =>
        (state.health?.status ?? 'none') === value,
  }

/** Filters of which all must hold; of the others one of the same key is enough. */
const conjunctive = ['label', 'label!']

/** Compiles `--filter KEY=VALUE` flags. Throws `ToolError` `usage` for a key that is not known. */
export function compileContainerFilters(
  texts: readonly string[],
  room: ContainerRoom,
  all: readonly ListedContainer[],
): Test {
  const tests = new Map<string, Test[]>()
  for (const text of texts) {
    const [, key = '', value = ''] = /^([a-z]+!?)=(.*)$/s.exec(text) ?? []
    const compile = Object.hasOwn(filters, key) ? filters[key] : undefined
    if (compile === undefined) {
      throw new ToolError('usage', `the filter "${text}" is not known here`, {
        hint: `filters are KEY=VALUE, with the keys ${Object.keys(filters).join(', ')}`,
      })
    }
    tests.set(key, [...(tests.get(key) ?? []), compile(value, room, all)])
  }
  return (container) =>
    [...tests].every(([key, some]) =>
      conjunctive.includes(key) ? some.every((test) => test(container)) : some.some((test) => test(container)),
    )
}

/** A regular expression that is found in the name, as docker has it. */
function matches(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern).test(name) || new RegExp(pattern).test(`/${name}`)
  } catch {
    throw new ToolError('usage', `the filter name=${pattern} is no regular expression`, {
      hint: 'write a part of a name',
    })
  }
}

function hasLabel(labels: Readonly<Record<string, string>>, text: string): boolean {
  const at = text.indexOf('=')
  const key = at < 0 ? text : text.slice(0, at)
  return Object.hasOwn(labels, key) && (at < 0 || labels[key] === text.slice(at + 1))
}

const knownStatuses = ['created', 'running', 'paused', 'restarting', 'exited', 'removing', 'dead']

function statusTest(value: string): Test {
  if (knownStatuses.includes(value)) return ({ state }) => state.status === value
  throw new ToolError('usage', `"${value}" is no status`, { hint: `a status is one of ${knownStatuses.join(', ')}` })
}

/** Containers of an image, and of those built on it. */
function ancestorTest(value: string, { store }: ContainerRoom): Test {
  const image = findStored(store, value, undefined)
  const { diffIds } = image?.config ?? { diffIds: undefined }
  return ({ spec }) =>
    spec.image.id === image?.id ||
    (image === undefined && storedName(spec.image.reference) === storedName(value)) ||
    (diffIds !== undefined && diffIds.length > 0 && diffIds.every((diffId, index) => spec.layers[index] === diffId))
}

function ageTest(value: string, { containers }: ContainerRoom, sign: 1 | -1): Test {
  const { created, id } = containers.spec(containers.find(value))
  return ({ spec }) => spec.id !== id && compareCodeUnits(spec.created, created) === sign
}

/** Bytes that a container's own layer takes. What we may not look into counts nothing. */
export function layerSize({ containers }: ContainerRoom, id: string): number {
  return treeSize(containers.path(id, 'layer', 'fs'))
}
