import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compareCodeUnits } from '../../src/base/index.ts'
import { asList, asObject, asText, asTextMap, type JsonObject, optionalNumber, optionalText } from './json.ts'

/** The image a case must give; the format is described in fixtures/conformance/README.md. */
export interface ExpectedImage {
  readonly kind: 'image'
  readonly config: JsonObject
  /** Absolute path → line, for what differs from the base image. */
  readonly tree: Readonly<Record<string, string>>
  /** Path → time in whole seconds since the epoch, for the few paths whose time matters. */
  readonly mtimes: Readonly<Record<string, number>>
  readonly author: string | undefined
  /** History entries and layers beyond the base image's. */
  readonly historyCount: number | undefined
  readonly layerCount: number | undefined
}

/** A build that must fail: its messages contain every one of `texts`. */
export interface ExpectedFailure {
  readonly kind: 'failure'
  readonly texts: readonly string[]
  readonly exitCode: number | undefined
}

export type Expected = ExpectedImage | ExpectedFailure

/** One folder of fixtures/conformance. */
export interface ConformanceCase {
  readonly name: string
  readonly dir: string
  readonly description: string
  /** Why the expectation is not what the BuildKit of 2021 gives. */
  readonly reason: string | undefined
  /** A feature Longshore does not have yet: until then the build must fail and say so. */
  readonly needs: string | undefined
  /** Flags of `build`, without the context: build arguments, target. */
  readonly flags: readonly string[]
  /** The highest user or group id in the image: as an ordinary user, a smaller id range cannot build it. */
  readonly highestId: number
  /** Path of the Dockerfile relative to the context. */
  readonly dockerfile: string
  /** Images to build and name before the case: context folders in the case, named as the image. */
  readonly images: readonly string[]
  /** Undefined when the case has no expect.json yet. */
  readonly expected: Expected | undefined
}

export const conformanceDir = join(import.meta.dirname, '../../fixtures/conformance')

/** All cases in name order, or those named. Throws on a name that is none and on files that are not as README.md says. */
export function loadCases(names: readonly string[] = []): ConformanceCase[] {
  const folders = readdirSync(conformanceDir, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const all = folders.map((entry) => entry.name).sort(compareCodeUnits)
  const unknown = names.filter((name) => !all.includes(name))
  if (unknown.length > 0) throw new Error(`no such case: ${unknown.join(', ')}`)
  return all.filter((name) => names.length === 0 || names.includes(name)).map(loadCase)
}

function loadCase(name: string): ConformanceCase {
  const dir = join(conformanceDir, name)
  const facts = readJson(join(dir, 'case.json')) ?? {}
  const where = `${name}/case.json`
  refuseOtherKeys(facts, ['buildArgs', 'description', 'dockerfile', 'highestId', 'needs', 'reason', 'target'], where)
  const buildArgs = Object.entries(asTextMap(facts['buildArgs'], `${where} buildArgs`))
  const target = optionalText(facts, 'target', where)
  const expected = readJson(join(dir, 'expect.json'))
  return {
    name,
    dir,
    description: optionalText(facts, 'description', where) ?? '',
    reason: optionalText(facts, 'reason', where),
    needs: optionalText(facts, 'needs', where),
    flags: [
      ...buildArgs.flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]),
      ...(target === undefined ? [] : ['--target', target]),
    ],
    highestId: optionalNumber(facts, 'highestId', where) ?? 65534,
    dockerfile: optionalText(facts, 'dockerfile', where) ?? 'Dockerfile',
    images: imageNames(dir),
    expected: expected === undefined ? undefined : decodeExpected(expected, `${name}/expect.json`),
  }
}

function imageNames(dir: string): string[] {
  const entries = readdirSync(dir, { withFileTypes: true })
  if (!entries.some((entry) => entry.isDirectory() && entry.name === 'images')) return []
  return readdirSync(join(dir, 'images')).sort(compareCodeUnits)
}

function decodeExpected(document: JsonObject, where: string): Expected {
  if ('error' in document) {
    refuseOtherKeys(document, ['error', 'code'], where)
    const { error } = document
    const texts = Array.isArray(error)
      ? asList(error, where).map((text) => asText(text, where))
      : [asText(error, where)]
    return { kind: 'failure', texts, exitCode: optionalNumber(document, 'code', where) }
  }
  refuseOtherKeys(document, ['author', 'config', 'historyCount', 'layerCount', 'mtimes', 'tree'], where)
  const mtimes = asObject(document['mtimes'] ?? {}, `${where} mtimes`)
  return {
    kind: 'image',
    config: asObject(document['config'], `${where} config`),
    tree: asTextMap(document['tree'], `${where} tree`),
    mtimes: Object.fromEntries(Object.keys(mtimes).map((key) => [key, optionalNumber(mtimes, key, where) ?? 0])),
    author: optionalText(document, 'author', where),
    historyCount: optionalNumber(document, 'historyCount', where),
    layerCount: optionalNumber(document, 'layerCount', where),
  }
}

function readJson(path: string): JsonObject | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  const value: unknown = JSON.parse(text)
  return asObject(value, path)
}

function refuseOtherKeys(object: JsonObject, known: readonly string[], where: string): void {
  const other = Object.keys(object).filter((key) => !known.includes(key))
  if (other.length > 0) throw new Error(`${where}: unknown key ${other.join(', ')}`)
}
