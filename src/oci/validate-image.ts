import { isDigest } from '../base/index.ts'
import { maxDocumentBytes } from './decoder.ts'
import { isConfigMediaType, isLayerMediaType, isManifestMediaType } from './media-types.ts'
import type { Descriptor, ImageConfig, ImageManifest } from './types.ts'

/**
 * The invariants of an image that `config` and `manifest` break, one sentence each; empty for a sound image. Ends every
 * build and every test that makes one. Facts about the blobs themselves (digest, size) are the caller's to compare.
 */
export function validateImage(config: ImageConfig, manifest?: ImageManifest): readonly string[] {
  return [
    ...platformProblems(config),
    ...layerProblems(config),
    ...environmentProblems(config.config.env ?? []),
    ...settingProblems(config),
    ...timeProblems(config),
    ...(manifest === undefined ? [] : manifestProblems(config, manifest)),
  ]
}

function platformProblems({ platform }: ImageConfig): string[] {
  const problems: string[] = []
  if (platform.os === '') problems.push('platform.os is empty')
  if (platform.architecture === '') problems.push('platform.architecture is empty')
  return problems
}

function layerProblems(config: ImageConfig): string[] {
  const problems: string[] = []
  for (const [index, diffId] of config.diffIds.entries()) {
    if (!isDigest(diffId)) problems.push(`diffIds[${index}] "${diffId}" is not a sha256 digest`)
  }
  const layers = config.history.filter((entry) => entry.emptyLayer !== true).length
  // A config without any history is allowed (image-spec config.md); one with history must account for every layer.
  if (config.history.length > 0 && layers !== config.diffIds.length) {
    problems.push(`history has ${layers} entries with a layer, but there are ${config.diffIds.length} diffIds`)
  }
  return problems
}

function environmentProblems(env: readonly string[]): string[] {
  const problems: string[] = []
  const names = new Set<string>()
  for (const [index, entry] of env.entries()) {
    const equals = entry.indexOf('=')
    const name = entry.slice(0, Math.max(0, equals))
    if (equals <= 0) problems.push(`env[${index}] "${entry}" is not NAME=value`)
    else if (names.has(name)) problems.push(`env[${index}] sets "${name}" again`)
    if (entry.includes('\0')) problems.push(`env[${index}] has a NUL character`)
    names.add(name)
  }
  return problems
}

function settingProblems({ config }: ImageConfig): string[] {
  const problems: string[] = []
  if (config.workingDir !== undefined && !config.workingDir.startsWith('/') && !/^[A-Za-z]:/.test(config.workingDir)) {
    problems.push(`workingDir "${config.workingDir}" is not absolute`)
  }
  for (const port of config.exposedPorts ?? []) {
    if (!/^[0-9]{1,5}\/(?:tcp|udp|sctp)$/.test(port))
      problems.push(`exposedPorts has "${port}", expected PORT/tcp, PORT/udp or PORT/sctp`)
  }
  const test = config.healthcheck?.test
  if (test !== undefined && test.length > 0 && !['NONE', 'CMD', 'CMD-SHELL'].includes(test[0] ?? '')) {
    problems.push(`healthcheck.test begins with "${test[0]}", expected NONE, CMD or CMD-SHELL`)
  }
  return problems
}

const timePattern =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/

function timeProblems(config: ImageConfig): string[] {
  const problems: string[] = []
  if (config.created !== undefined && !timePattern.test(config.created)) {
    problems.push(`created "${config.created}" is not an RFC 3339 time`)
  }
  for (const [index, entry] of config.history.entries()) {
    if (entry.created !== undefined && !timePattern.test(entry.created)) {
      problems.push(`history[${index}].created "${entry.created}" is not an RFC 3339 time`)
    }
  }
  return problems
}

function manifestProblems(config: ImageConfig, manifest: ImageManifest): string[] {
  const problems: string[] = []
  if (!isManifestMediaType(manifest.mediaType))
    problems.push(`manifest.mediaType "${manifest.mediaType}" is not a manifest's`)
  if (!isConfigMediaType(manifest.config.mediaType)) {
    problems.push(`manifest.config.mediaType "${manifest.config.mediaType}" is not an image config's`)
  }
  if (manifest.config.size > maxDocumentBytes)
    problems.push(`manifest.config.size ${manifest.config.size} is over the limit`)
  if (manifest.layers.length !== config.diffIds.length) {
    problems.push(`the manifest has ${manifest.layers.length} layers, but the config ${config.diffIds.length} diffIds`)
  }
  problems.push(...descriptorProblems('manifest.config', manifest.config))
  for (const [index, layer] of manifest.layers.entries()) {
    const name = `manifest.layers[${index}]`
    problems.push(...descriptorProblems(name, layer))
    if (!isLayerMediaType(layer.mediaType)) problems.push(`${name}.mediaType "${layer.mediaType}" is not a layer's`)
    if (layer.urls !== undefined && layer.urls.length > 0)
      problems.push(`${name} has urls: its content is kept elsewhere`)
    const diffId = config.diffIds[index]
    if (isUncompressed(layer.mediaType) && diffId !== undefined && String(diffId) !== layer.digest) {
      problems.push(
        `${name} is not compressed, but its digest is not diffIds[${index}]: the layers are in another order`,
      )
    }
  }
  return problems
}

function isUncompressed(mediaType: string): boolean {
  return mediaType.endsWith('.tar')
}

function descriptorProblems(name: string, descriptor: Descriptor): string[] {
  const problems: string[] = []
  if (!isDigest(descriptor.digest))
    problems.push(`${name}.digest "${String(descriptor.digest)}" is not a sha256 digest`)
  if (!Number.isSafeInteger(descriptor.size) || descriptor.size <= 0)
    problems.push(`${name}.size ${descriptor.size} is not a size in bytes`)
  return problems
}
