import { createHash } from 'node:crypto'
import type { Brand } from './brand.ts'
import { ToolError } from './tool-error.ts'

/** `sha256:` and 64 lower-case hex digits: the digest of stored bytes (blob, manifest, config). */
export type Digest = Brand<string, 'Digest'>
/** Digest of a layer's *uncompressed* tar, as `rootfs.diff_ids` of an image config lists it. */
export type DiffId = Brand<Digest, 'DiffId'>
/** Digest of a layer's or file tree's content: paths, types, modes, owners, links, devices, kept xattrs, bytes; no times. */
export type ContentDigest = Brand<string, 'ContentDigest'>
/** The key under which a step's result is remembered. */
export type StepKey = Brand<string, 'StepKey'>

const sha256Pattern = /^sha256:[a-f0-9]{64}$/

/** True for `sha256:` + 64 lower-case hex digits; the only algorithm the store accepts (OCI image-spec, descriptor.md). */
export function isDigest(text: string): text is Digest {
  return sha256Pattern.test(text)
}

/** Validates `text` as a sha256 digest. Throws `ToolError` `invalid-digest`; call it before a digest enters a path or URL. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text
  throw new ToolError('invalid-digest', `"${text.slice(0, 100)}" is not a sha256 digest`, {
    hint: 'a digest is sha256: and 64 hexadecimal digits',
  })
}

/** Validates `text` as the digest of an uncompressed layer tar; throws as `parseDigest`. */
export function parseDiffId(text: string): DiffId {
  return parseDigest(text) as DiffId
}

/** Validates `text` as a content digest; throws as `parseDigest`. */
export function parseContentDigest(text: string): ContentDigest {
  return parseDigest(text) as string as ContentDigest
}

/** Validates `text` as a step key; throws as `parseDigest`. */
export function parseStepKey(text: string): StepKey {
  return parseDigest(text) as string as StepKey
}

/** The 64 hex digits of a digest, for file names. */
export function digestHex(digest: Digest | ContentDigest | StepKey): string {
  return digest.slice('sha256:'.length)
}

/** sha256 of `bytes` (a string counts as UTF-8). */
export function digestOf(bytes: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest
}
