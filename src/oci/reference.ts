import { type Digest, isDigest, ToolError } from '../base/index.ts'
import { present } from './present.ts'

/**
 * A parsed image reference, normalised as docker does: `registry` is never empty (`docker.io` when none is named),
 * `repository` has `library/` in front for Docker Hub's official images. Neither `tag` nor `digest` means nothing was said.
 */
export interface Reference {
  readonly registry: string
  readonly repository: string
  readonly tag?: string
  readonly digest?: Digest
}

/** The registry that unqualified names mean. */
export const defaultRegistry = 'docker.io'

const officialPrefix = 'library/'
const maxRepositoryLength = 255
const pathComponent = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const tagPattern = /^\w[\w.-]{0,127}$/
const hostLabel = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const hostPattern = new RegExp(`^(?:${hostLabel}(?:\\.${hostLabel})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]{1,5})?$`)

/**
 * Parses `[host[:port]/]path[:tag][@digest]` by the rules of distribution's reference grammar and docker's
 * normalisation: the part before the first `/` is a host if it has a `.` or a `:`, or is `localhost`.
 * Throws `ToolError` `invalid-reference` that quotes `text`; its detail `why` says what is wrong.
 */
export function parseReference(text: string): Reference {
  if (text === '') throw invalid(text, 'it is empty')
  if (/^[a-f0-9]{64}$/.test(text)) throw invalid(text, 'a name may not be 64 hexadecimal digits, which is an image ID')
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) throw invalid(text, 'it is a URL; write host/name:tag instead')
  const [beforeDigest, digest] = splitDigest(text)
  const [name, tag] = splitTag(text, beforeDigest)
  const { registry, repository } = splitRegistry(text, name)
  checkRepository(text, repository)
  return present({ registry, repository, tag, digest })
}

function invalid(text: string, why: string): ToolError {
  return new ToolError('invalid-reference', `"${text.slice(0, 300)}" is not an image reference: ${why}`, {
    hint: 'expected [host[:port]/]name[:tag][@sha256:…], for example alpine:3.20 or registry.example.com/team/app:1.2',
    details: { why },
  })
}

function splitDigest(text: string): [rest: string, digest: Digest | undefined] {
  const at = text.indexOf('@')
  if (at < 0) return [text, undefined]
  const digest = text.slice(at + 1)
  if (!isDigest(digest)) throw invalid(text, 'what follows "@" must be sha256: and 64 lower-case hexadecimal digits')
  return [text.slice(0, at), digest]
}

function splitTag(text: string, rest: string): [name: string, tag: string | undefined] {
  const colon = rest.lastIndexOf(':')
  // A colon before the last slash belongs to the host's port.
  if (colon < 0 || colon < rest.lastIndexOf('/')) return [rest, undefined]
  const tag = rest.slice(colon + 1)
  if (!tagPattern.test(tag)) {
    throw invalid(text, `the tag "${tag}" must be 1 to 128 of A-Z a-z 0-9 _ . - and not begin with . or -`)
  }
  return [rest.slice(0, colon), tag]
}

function splitRegistry(text: string, name: string): { readonly registry: string; readonly repository: string } {
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(0, slash))
  if (slash < 0 || !isHost(first)) return onHub(name)
  if (!hostPattern.test(first)) throw invalid(text, `"${first}" is not a registry host`)
  const repository = name.slice(slash + 1)
  return first === defaultRegistry || first === 'index.docker.io' ? onHub(repository) : { registry: first, repository }
}

function isHost(first: string): boolean {
  return /[.:]/.test(first) || first === 'localhost'
}

function onHub(path: string): { readonly registry: string; readonly repository: string } {
  return { registry: defaultRegistry, repository: path.includes('/') ? path : officialPrefix + path }
}

function checkRepository(text: string, repository: string): void {
  const shown = repository.startsWith(officialPrefix) ? repository.slice(officialPrefix.length) : repository
  if (shown === '') throw invalid(text, 'the name is missing')
  if (repository.length > maxRepositoryLength) {
    throw invalid(text, `the name is longer than ${maxRepositoryLength} characters`)
  }
  for (const component of repository.split('/')) {
    if (pathComponent.test(component)) continue
    if (pathComponent.test(component.toLowerCase()))
      throw invalid(text, `the name "${component}" must be in lower case`)
    const rule = 'lower-case letters and digits, joined by one of . _ __ or dashes'
    throw invalid(
      text,
      component === '' ? 'the name has an empty part' : `the name part "${component}" must be ${rule}`,
    )
  }
}

/** `reference` with the tag `latest` when it has neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference
}

function suffix(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`
  return reference.digest === undefined ? tag : `${tag}@${reference.digest}`
}

/** The full text, registry included: `docker.io/library/alpine:3.20`. */
export function formatReference(reference: Reference): string {
  return `${reference.registry}/${reference.repository}${suffix(reference)}`
}

/** The shortest text that parses to the same reference, as docker shows it: `alpine:3.20`, `team/app`, `ghcr.io/a/b:1`. */
export function familiarName(reference: Reference): string {
  if (reference.registry !== defaultRegistry) return formatReference(reference)
  const { repository } = reference
  const short = repository.startsWith(officialPrefix) ? repository.slice(officialPrefix.length) : repository
  if (!short.includes('/')) {
    // Without its tag a 64-digit name would read as an image ID.
    return repository === short || /^[a-f0-9]{64}$/.test(short) ? formatReference(reference) : short + suffix(reference)
  }
  // A first part that looks like a host would be read back as one.
  return isHost(repository.slice(0, repository.indexOf('/')))
    ? formatReference(reference)
    : repository + suffix(reference)
}

/**
 * The name under which a local image is stored and shown (`build -t`, `tag`): the familiar name with a tag, `latest`
 * when `text` has none, so that `app`, `app:latest` and `docker.io/library/app` are one. Throws `invalid-reference`,
 * also for a digest, which cannot be given to an image.
 */
export function localName(text: string): string {
  const reference = parseReference(text)
  if (reference.digest !== undefined) throw invalid(text, 'an image cannot be given a name with a digest')
  return familiarName(withDefaultTag(reference))
}

/**
 * The registry that people mean when they log in: a host with or without a scheme and a path (`https://ghcr.io/`), Docker Hub
 * when there is none. Throws `ToolError` `invalid-reference`.
 */
export function parseRegistry(text: string): string {
  const host = text.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  if (text === '' || /^(?:(?:index|registry-1)\.)?docker\.io$/.test(host)) return defaultRegistry
  if (hostPattern.test(host)) return host
  throw new ToolError('invalid-reference', `"${text.slice(0, 300)}" is not a registry`, {
    hint: 'expected a host with an optional port: ghcr.io, registry.example.com:5000',
  })
}
