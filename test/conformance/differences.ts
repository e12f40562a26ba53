import type { ConformanceCase, ExpectedFailure, ExpectedImage } from './cases.ts'
import { treeChanges } from './file-tree.ts'
import { isObject, type JsonObject } from './json.ts'
import type { ReadImage } from './layout-tree.ts'

/** What a builder gave for a case, relative to the base image: the same form as the expectation. */
export interface ActualImage {
  readonly kind: 'image'
  readonly config: JsonObject
  readonly tree: Readonly<Record<string, string>>
  readonly mtimes: Readonly<Record<string, number>>
  readonly author: string | undefined
  readonly historyCount: number
  readonly layerCount: number
}

/** A build that failed: everything it printed, and its exit code if that is to be compared. */
export interface ActualFailure {
  readonly kind: 'failure'
  readonly output: string
  readonly exitCode: number | undefined
}

const configKeys = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'Shell',
  'Healthcheck',
  'OnBuild',
]

/** What `image` has beyond `base`; an image that does not begin with base's layers is compared with an empty tree. */
export function actualImage(image: ReadImage, base: ReadImage): ActualImage {
  const based = base.diffIds.every((diffId, index) => image.diffIds[index] === diffId)
  const below = based ? base : { diffIds: [], historyCount: 0, tree: new Map() }
  const mtimes = [...image.tree].map(([path, node]): [string, number] => [path, node.mtimeSeconds])
  return {
    kind: 'image',
    config: setKeys(image.config),
    tree: Object.fromEntries(treeChanges(below.tree, image.tree)),
    mtimes: Object.fromEntries(mtimes),
    author: image.author === '' ? undefined : image.author,
    historyCount: image.historyCount - below.historyCount,
    layerCount: image.diffIds.length - below.diffIds.length,
  }
}

/** One readable line for each thing that is not as expected; empty when the case holds. */
export function differences(conformanceCase: ConformanceCase, actual: ActualImage | ActualFailure): string[] {
  const { expected } = conformanceCase
  if (expected === undefined) return ['the case has no expect.json']
  if (expected.kind === 'image') {
    if (actual.kind === 'image') return imageDifferences(expected, actual)
    return [`expected an image, but the build failed (exit code ${actual.exitCode ?? 'unknown'}):\n${actual.output}`]
  }
  if (actual.kind === 'failure') return failureDifferences(expected, actual)
  return [`expected a failure with ${expected.texts.map(show).join(' and ')}, but the build succeeded`]
}

function imageDifferences(expected: ExpectedImage, actual: ActualImage): string[] {
  const mtimes = Object.fromEntries(Object.keys(expected.mtimes).map((path) => [path, actual.mtimes[path]]))
  return [
    ...memberDifferences('config', expected.config, actual.config),
    ...memberDifferences('tree', withoutOptional(expected.tree, actual.tree), actual.tree),
    ...memberDifferences('mtime', expected.mtimes, mtimes),
    ...valueDifference('author', expected.author, actual.author),
    ...(expected.historyCount === undefined
      ? []
      : valueDifference('history entries', expected.historyCount, actual.historyCount)),
    ...(expected.layerCount === undefined ? [] : valueDifference('layers', expected.layerCount, actual.layerCount)),
  ]
}

function failureDifferences(expected: ExpectedFailure, actual: ActualFailure): string[] {
  const missing = expected.texts.filter((text) => !actual.output.includes(text))
  const texts = missing.map((text) => `expected a message with ${show(text)}, found:\n${actual.output}`)
  if (expected.exitCode === undefined || actual.exitCode === undefined) return texts
  return [...texts, ...valueDifference('exit code', expected.exitCode, actual.exitCode)]
}

/** Resolves lines that begin with `optional `: absent is right, and so is the rest of the line. */
function withoutOptional(expected: Readonly<Record<string, string>>, actual: JsonObject): JsonObject {
  const entries = Object.entries(expected).map(([path, line]): [string, string] => [
    path,
    line.replace(/^optional /, ''),
  ])
  return Object.fromEntries(entries.filter(([path, line]) => line === expected[path] || path in actual))
}

function memberDifferences(what: string, expected: JsonObject, actual: JsonObject): string[] {
  const keys = [...new Set([...Object.keys(expected), ...Object.keys(actual)])]
  return keys.flatMap((key) => valueDifference(`${what} ${key}`, expected[key], actual[key]))
}

function valueDifference(what: string, expected: unknown, actual: unknown): string[] {
  if (canonical(expected) === canonical(actual)) return []
  return [`${what}: expected ${show(expected)}, found ${show(actual)}`]
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value)
}

/** JSON with the members of objects in order, so that only values count. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'nothing'
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join()}}`
}

/** The keys that are set, in the order of `configKeys`; docker writes unset ones as null or leaves them empty. */
export function setKeys(config: JsonObject): JsonObject {
  const entries = configKeys.map((key): [string, unknown] => [key, config[key]])
  return Object.fromEntries(entries.filter(([, value]) => !isEmpty(value)))
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  if (Array.isArray(value)) return value.length === 0
  return isObject(value) && Object.keys(value).length === 0
}
