import { type Digest, ToolError } from '../base/index.ts'
import type { ImagePort } from '../build/index.ts'
import { describeRemote, type GitSource, type HttpSource } from '../ir/index.ts'
import {
  familiarName,
  formatPlatform,
  matchPlatform,
  type Platform,
  parsePlatform,
  parseReference,
} from '../oci/index.ts'
import type { StoredImage } from '../ports/index.ts'
import type { LockFile } from './lock-file.ts'
import { storedName } from './stored-images.ts'

/** A lock file and where it is, for messages. */
export interface OpenLock {
  readonly path: string
  readonly lock: LockFile
}

/** What a lock file makes of sources that are elsewhere. */
export interface SourcePins {
  /** The source with the checksum that it must have. */
  file(source: HttpSource): HttpSource
  /** The source at the commit that was locked. */
  repository(source: GitSource): GitSource
  /** The error for a file that has another checksum than `file` gave it. */
  changed(source: HttpSource, cause: ToolError): ToolError
}

/** Name of a file among locked ones: its URL without user and password. */
export function fileKey({ url }: HttpSource): string {
  return url.replace(/^([a-z]+:\/\/)[^/?#]*@/i, '$1')
}

/** Name of a repository among locked ones: its address and ref. */
export function repositoryKey(source: GitSource): string {
  return describeRemote({ ...source, subdir: '' })
}

/** Pins of files and repositories. They throw `ToolError` `lock-mismatch` for what is not in the lock file. */
export function sourcePins(open: OpenLock): SourcePins {
  const { files, repositories } = open.lock
  return {
    file(source) {
      const integrity = files[fileKey(source)]
      if (integrity === undefined) throw notLocked(open, fileKey(source))
      const checksum = checksumOf(integrity)
      if (source.checksum === undefined || source.checksum === checksum) return { ...source, checksum }
      throw differs(open, fileKey(source), integrity, `--checksum=${source.checksum}`)
    },
    repository(source) {
      const commit = repositories[repositoryKey(source)]
      if (commit === undefined) throw notLocked(open, repositoryKey(source))
      return { ...source, ref: commit }
    },
    changed: (source, cause) =>
      differs(open, fileKey(source), files[fileKey(source)] ?? '', String(cause.details['found'])),
  }
}

/** `sha512:HEX` of an integrity string. */
function checksumOf(integrity: string): string {
  const at = integrity.indexOf('-')
  return `${integrity.slice(0, at)}:${Buffer.from(integrity.slice(at + 1), 'base64').toString('hex')}`
}

/** The image port that gives of each image what was locked, whatever its name means now. */
export function lockedImages(port: ImagePort, open: OpenLock): ImagePort {
  return {
    find: (reference, platform) => findLocked(port, open, reference, platform),
    async pull(reference, platform) {
      const found = findLocked(port, open, reference, platform)
      if (found !== undefined) return found
      const digest = lockedDigest(open, reference, platform)
      const stored = port.find(reference, platform)
      if (stored !== undefined && stored.manifestDigest === undefined)
        throw differs(open, `the image ${reference}`, digest, `ID ${stored.id}`)
      return port.pull(pinnedName(reference, digest), platform)
    },
    inspect: (reference, platform) =>
      port.inspect(pinnedName(reference, lockedDigest(open, reference, platform)), platform),
  }
}

function findLocked(port: ImagePort, open: OpenLock, reference: string, platform: Platform): StoredImage | undefined {
  const digest = lockedDigest(open, reference, platform)
  const stored = port.find(reference, platform)
  if (stored !== undefined && (stored.manifestDigest === digest || stored.id === digest)) return stored
  return port.find(pinnedName(reference, digest), platform)
}

/** The same repository by digest; a bare image ID stays what it is. */
function pinnedName(reference: string, digest: Digest): string {
  const name = storedName(reference)
  if (/^(?:sha256:)?[a-f0-9]{12,64}$/.test(name)) return name
  const { tag: _tag, ...repository } = parseReference(reference)
  return familiarName({ ...repository, digest })
}

function lockedDigest(open: OpenLock, reference: string, platform: Platform): Digest {
  const platforms = open.lock.images[storedName(reference)] ?? {}
  const exact = platforms[formatPlatform(platform)]
  const similar = Object.keys(platforms).find((name) => matchPlatform(platform, parsePlatform(name)))
  const digest = exact ?? (similar === undefined ? undefined : platforms[similar])
  if (digest === undefined) throw notLocked(open, `the image ${storedName(reference)} for ${formatPlatform(platform)}`)
  return digest
}

function notLocked({ path }: OpenLock, what: string): ToolError {
  return new ToolError('lock-mismatch', `${what} is not in the lock file "${path}"`, {
    hint: 'run longshore lock, look at what it changed, and commit the file',
  })
}

function differs({ path }: OpenLock, what: string, locked: string, found: string): ToolError {
  return new ToolError('lock-mismatch', `${what} is locked as ${locked} in "${path}", but is ${found}`, {
    hint: 'if the new content is meant, run longshore lock; else somebody changed what is behind the name',
    details: { locked, found },
  })
}
