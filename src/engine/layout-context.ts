import { readFileSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { type Digest, digestOf, errnoCode, errorMessage, isDigest, ToolError } from '../base/index.ts'
import {
  checkLayoutMarker,
  type Descriptor,
  decodeConfig,
  decodeIndex,
  decodeManifestDocument,
  formatPlatform,
  type ImageConfig,
  type ImageManifest,
  layoutBlobPath,
  layoutFiles,
  layoutImages,
  maxDocumentBytes,
  offeredPlatforms,
  type Platform,
  selectManifest,
} from '../oci/index.ts'

/** An image of a layout directory, its documents read and checked. */
export interface LayoutContext {
  /** As the user gave it: `oci-layout://path:tag`. */
  readonly text: string
  readonly directory: string
  readonly digest: Digest
  readonly manifest: ImageManifest
  readonly manifestBytes: Uint8Array
  readonly config: ImageConfig
  readonly configBytes: Uint8Array
}

/**
 * Finds the image that `oci-layout://PATH[:TAG][@DIGEST]` names (tag `latest` when it says none) for a platform. Reads
 * its documents only. Throws `ToolError` `context-not-found`, `platform-mismatch`, `blob-mismatch`, `invalid-document`.
 */
export function openLayoutContext(text: string, cwd: string, platform: Platform): LayoutContext {
  const { directory, tag, digest } = parseLayoutAddress(text, cwd)
  const marker = readLayoutFile(text, directory, layoutFiles.layout)
  checkLayoutMarker(marker)
  const images = layoutImages(decodeIndex(readLayoutFile(text, directory, layoutFiles.index)))
  const found = images.find(({ descriptor, names }) =>
    digest === undefined
      ? names.some((name) => name === tag || name.endsWith(`:${tag}`))
      : descriptor.digest === digest,
  )
  if (found === undefined) {
    const names = images.flatMap((image) => image.names)
    throw new ToolError('context-not-found', `${text}: the layout has no image ${digest ?? `named "${tag}"`}`, {
      hint:
        names.length === 0 ? 'its images have no names: give a digest, PATH@sha256:…' : `it has ${names.join(', ')}`,
    })
  }
  const top = readDocument(text, directory, found.descriptor)
  const chosen = top.document.kind === 'index' ? selectManifest(top.document.index, platform) : found.descriptor
  if (chosen === undefined && top.document.kind === 'index') {
    const offered = offeredPlatforms(top.document.index).join(', ') || 'no platform'
    const message = `${text} is not made for ${formatPlatform(platform)}, only for ${offered}`
    throw new ToolError('platform-mismatch', message, { hint: 'choose an image that is made for this machine' })
  }
  const { bytes: manifestBytes, document } = chosen === undefined ? top : readDocument(text, directory, chosen)
  if (document.kind !== 'manifest')
    throw new ToolError('invalid-document', `${text}: an index in an index`, { hint: 'name the image by its digest' })
  const { manifest } = document
  const configBytes = readBlob(text, directory, manifest.config)
  const config = decodeConfig(configBytes)
  return { text, directory, digest: digestOf(manifestBytes), manifest, manifestBytes, config, configBytes }
}

interface LayoutAddress {
  readonly directory: string
  readonly tag: string
  readonly digest?: Digest
}

function parseLayoutAddress(text: string, cwd: string): LayoutAddress {
  const [address = '', digest] = text.replace(/^oci-layout:\/\//, '').split('@')
  if (digest !== undefined && !isDigest(digest)) {
    throw new ToolError('usage', `"${text}" does not end in a digest after its @`, {
      hint: 'write oci-layout://PATH, oci-layout://PATH:TAG or oci-layout://PATH@sha256:…',
    })
  }
  const [, path = address, tag = 'latest'] = /^(.+):([\w][\w.-]*)$/.exec(address) ?? []
  const directory = isAbsolute(path) ? path : join(cwd, path)
  return { directory, tag, ...(digest === undefined ? {} : { digest }) }
}

function readDocument(text: string, directory: string, descriptor: Descriptor) {
  const bytes = readBlob(text, directory, descriptor)
  return { bytes, document: decodeManifestDocument(bytes, descriptor.mediaType) }
}

function readBlob(text: string, directory: string, { digest }: Descriptor): Uint8Array {
  const bytes = readLayoutFile(text, directory, layoutBlobPath(digest))
  if (digestOf(bytes) === digest) return bytes
  throw new ToolError('blob-mismatch', `${text}: the blob ${digest} is not what its name says`, {
    hint: 'write the layout again',
  })
}

function readLayoutFile(text: string, directory: string, name: string): Uint8Array {
  const path = join(directory, name)
  try {
    const { size } = statSync(path)
    if (size <= maxDocumentBytes) return readFileSync(path)
    throw new ToolError('invalid-document', `${text}: ${name} has ${size} bytes, more than ${maxDocumentBytes}`)
  } catch (error) {
    if (error instanceof ToolError) throw error
    const missing = errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR'
    const why = missing ? `there is no ${path}` : errorMessage(error)
    throw new ToolError(missing ? 'context-not-found' : 'context-unreadable', `${text}: ${why}`, {
      hint: 'an image layout is a directory with oci-layout and index.json; longshore build -o type=oci,tar=false makes one',
      cause: error,
    })
  }
}
