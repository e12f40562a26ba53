import { readFileSync } from 'node:fs'
import {
  compareCodeUnits,
  type Digest,
  errnoCode,
  errorMessage,
  isDigest,
  parseDigest,
  ToolError,
} from '../base/index.ts'

/** Name of a lock file when none is given, in the directory of the build context. */
export const lockFileName = 'longshore.lock'

/** What everything a Dockerfile takes from elsewhere was when it was locked. */
export interface LockFile {
  /** By familiar name, then by platform: digest of the manifest; of an image that was built here, its ID. */
  readonly images: Readonly<Record<string, Readonly<Record<string, Digest>>>>
  /** By URL without user: an integrity string (`sha512-…`) as Subresource Integrity has it. */
  readonly files: Readonly<Record<string, string>>
  /** By address with ref, `URL#REF`: the commit. */
  readonly repositories: Readonly<Record<string, string>>
}

const integrityForm = /^sha(?:256|384|512)-[A-Za-z0-9+/]+=*$/
const commitForm = /^(?:[a-f0-9]{40}|[a-f0-9]{64})$/

/** The file as text: sorted, a line for each fact, so that it reads well in a diff. */
export function encodeLockFile({ images, files, repositories }: LockFile): string {
  const sortedImages = sorted(Object.fromEntries(Object.entries(images).map(([name, one]) => [name, sorted(one)])))
  const document = { version: 1, images: sortedImages, files: sorted(files), repositories: sorted(repositories) }
  return `${JSON.stringify(document, null, 2)}\n`
}

function sorted<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => compareCodeUnits(a, b)))
}

/** Reads a lock file; undefined when there is none. Throws `ToolError` `lock-mismatch` for one that cannot be understood. */
export function readLockFile(path: string): LockFile | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined
    throw unreadable(path, errorMessage(error), error)
  }
  try {
    return decodeLockFile(JSON.parse(text))
  } catch (error) {
    throw unreadable(path, errorMessage(error), error)
  }
}

function unreadable(path: string, reason: string, cause: unknown): ToolError {
  return new ToolError('lock-mismatch', `cannot read the lock file "${path}": ${reason}`, {
    hint: 'make it anew with longshore lock',
    cause,
  })
}

/** Throws `Error` that names the place of what is wrong. */
function decodeLockFile(value: unknown): LockFile {
  const document = fields(value, 'it')
  if (document['version'] !== 1) throw new Error(`its version is ${JSON.stringify(document['version'])}, expected 1`)
  const images = mapped(document['images'], 'images', (one, place) => mapped(one, place, asDigest))
  const files = mapped(document['files'], 'files', (one, place) => matching(one, place, integrityForm, 'an integrity'))
  const commits = document['repositories']
  const repositories = mapped(commits, 'repositories', (one, place) => matching(one, place, commitForm, 'a commit'))
  return { images, files, repositories }
}

function fields(value: unknown, place: string): { readonly [name: string]: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${place} is no object`)
  return { ...value }
}

function mapped<T>(
  value: unknown,
  place: string,
  decode: (item: unknown, place: string) => T,
): Readonly<Record<string, T>> {
  const entries = Object.entries(fields(value ?? {}, place))
  return Object.fromEntries(entries.map(([key, item]) => [key, decode(item, `${place}[${JSON.stringify(key)}]`)]))
}

function asDigest(value: unknown, place: string): Digest {
  if (typeof value === 'string' && isDigest(value)) return parseDigest(value)
  throw new Error(`${place} is no digest`)
}

function matching(value: unknown, place: string, form: RegExp, what: string): string {
  if (typeof value === 'string' && form.test(value)) return value
  throw new Error(`${place} is not ${what}`)
}
