import { compileGlob, ToolError } from '../base/index.ts'
import type { StoredImage } from '../ports/index.ts'
import type { Store } from '../store/index.ts'
import { requireImage } from './require-image.ts'

type Test = (image: StoredImage, names: readonly string[]) => boolean

/** Filters that commands about images take, and what each means. */
const filters: Readonly<Record<string, (value: string, store: Store, nowMs: number) => Test>> = {
  dangling: (value) => (_, names) => (names.length === 0) === parseBoolean(value),
  label: (value) => (image) => hasLabel(image, value),
  'label!': (value) => (image) => !hasLabel(image, value),
  reference: (value) => (_, names) => names.some((name) => matchesReference(value, name)),
  before: (value, store) => olderThan(createdMs(requireImage(store, value).image), -1),
  since: (value, store) => olderThan(createdMs(requireImage(store, value).image), 1),
  until: (value, _, nowMs) => olderThan(parseTime(value, nowMs), -1),
}

/** Keys of which every one has to hold; of the others one of the same key is enough, as docker has it. */
const conjunctive = ['label', 'label!']

/**
 * Compiles `--filter KEY=VALUE` flags into one test. `allowed` are the keys this command knows. Throws `ToolError` `usage`
 * for others, and `image-not-found` for images they name.
 */
export function compileImageFilters(
  texts: readonly string[],
  allowed: readonly string[],
  store: Store,
  nowMs: number,
): Test {
  const tests = new Map<string, Test[]>()
  for (const text of texts) {
    const [, key = '', value = ''] = /^([a-z]+!?)=(.*)$/s.exec(text) ?? []
    const compile = allowed.includes(key) ? filters[key] : undefined
    if (compile === undefined) {
      throw new ToolError('usage', `the filter "${text}" is not known here`, {
        hint: `filters are KEY=VALUE, with the keys ${allowed.join(', ')}`,
      })
    }
    tests.set(key, [...(tests.get(key) ?? []), compile(value, store, nowMs)])
  }
  return (image, names) =>
    [...tests].every(([key, some]) => {
      const holds = (test: Test): boolean => test(image, names)
      return conjunctive.includes(key) ? some.every(holds) : some.some(holds)
    })
}

function parseBoolean(value: string): boolean {
  if (['true', '1', 'True', 'TRUE', 't', 'T'].includes(value)) return true
  if (['false', '0', 'False', 'FALSE', 'f', 'F'].includes(value)) return false
  throw new ToolError('usage', `"${value}" is neither true nor false`, {
    hint: 'write dangling=true or dangling=false',
  })
}

function hasLabel(image: StoredImage, text: string): boolean {
  const labels = image.config.config.labels ?? {}
  const at = text.indexOf('=')
  const key = at < 0 ? text : text.slice(0, at)
  return Object.hasOwn(labels, key) && (at < 0 || labels[key] === text.slice(at + 1))
}

/** A pattern matches a whole name, `*` no slash; one without a tag takes any. */
function matchesReference(pattern: string, name: string): boolean {
  const isTagged = /:[^/]*$/.test(pattern)
  return compileGlob(pattern)?.test(isTagged ? name : name.replace(/:[^:/]*$/, '')) ?? false
}

function createdMs(image: StoredImage): number {
  return image.config.created === undefined ? 0 : Date.parse(image.config.created)
}

function olderThan(timeMs: number, sign: 1 | -1): Test {
  return (image) => Math.sign(createdMs(image) - timeMs) === sign
}

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/**
 * A moment in milliseconds since the epoch, as `until=` names it: a Go duration before now (`24h`, `1h30m`), seconds since the
 * epoch, or a date. Throws `ToolError` `usage`.
 */
export function parseTime(text: string, nowMs: number): number {
  if (/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) {
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)]
    return nowMs - parts.reduce((sum, [, count, unit = 's']) => sum + Number(count) * (unitMs[unit] ?? 0), 0)
  }
  const time = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text)
  if (!Number.isNaN(time)) return time
  throw new ToolError('usage', `"${text}" is no time`, {
    hint: 'write a duration before now (24h), a date (2026-01-31T12:00:00Z) or seconds since 1970',
  })
}
