import type { BakePlan } from './resolve.ts'
import type { BakeTarget, Entry, EntryField, Field } from './target.ts'

/** The order in which buildx writes the fields of a target. */
const order: readonly Field[] = [
  'description',
  'annotations',
  'attest',
  'context',
  'contexts',
  'dockerfile',
  'dockerfile-inline',
  'args',
  'labels',
  'tags',
  'cache-from',
  'cache-to',
  'target',
  'secret',
  'ssh',
  'platforms',
  'output',
  'pull',
  'no-cache',
  'network',
  'no-cache-filter',
  'shm-size',
  'ulimits',
  'call',
  'entitlements',
  'extra-hosts',
]

/** What is to be built as JSON, as `docker buildx bake --print` writes it. */
export function printPlan({ targets, groups }: BakePlan): string {
  const group = sorted(new Map([...groups].map(([name, members]) => [name, { targets: members }])))
  const target = sorted(new Map(targets.map((one) => [one.name, printed(one)])))
  const document = { ...(groups.size === 0 ? {} : { group }), target }
  return `${JSON.stringify(document, null, 2)}\n`
}

function sorted(map: ReadonlyMap<string, unknown>): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}

/** Fields that say nothing are left out. */
function printed(target: BakeTarget): Readonly<Record<string, unknown>> {
  const values = new Map<Field, unknown>([
    ...[...target.texts].filter(([field, text]) => field !== 'description' || text !== ''),
    ...target.flags,
    ...[...target.lists].filter(([, list]) => list.length > 0),
    ...[...target.maps].filter(([, map]) => map.size > 0).map(([field, map]) => [field, sorted(map)] as const),
    ...[...target.entries]
      .filter(([, list]) => list.length > 0)
      .map(([field, list]) => [field, list.map((entry) => printedEntry(field, entry))] as const),
  ])
  return Object.fromEntries(order.flatMap((field) => (values.has(field) ? [[field, values.get(field)]] : [])))
}

/** Keys in order, but for secrets (id, src, env) and agents (id, paths). */
function printedEntry(field: EntryField, entry: Entry): Readonly<Record<string, unknown>> {
  const { id, src, env, paths } = entry
  if (field === 'secret') {
    return { id, ...(src === undefined ? {} : { src }), ...(env === undefined ? {} : { env }) }
  }
  if (field === 'ssh') return { id, ...(paths === undefined ? {} : { paths: paths.split(',') }) }
  const values = new Map<string, unknown>(Object.entries(entry))
  if (field === 'attest' && entry['disabled'] === 'true') values.set('disabled', true)
  return sorted(values)
}
