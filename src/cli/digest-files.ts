import { resolve } from 'node:path'
import { type Digest, invariant, ToolError } from '../base/index.ts'
import type { BuildSummary } from '../build/index.ts'
import type { OutputSpec } from '../engine/output-spec.ts'
import { formatReference, parseReference, withDefaultTag } from '../oci/index.ts'
import type { BuildFlags } from './flags.ts'
import { writeResultFile } from './result-file.ts'

/** The flags by which kaniko's users have digests written. */
export type DigestFileFlags = Pick<BuildFlags, 'digestFile' | 'imageNameWithDigestFile' | 'imageNameTagWithDigestFile'>

/** Refuses files for a digest that nothing makes: it is of a manifest, which a stored image has none of. */
export function checkDigestFiles(flags: DigestFileFlags, outputs: readonly OutputSpec[]): void {
  const [flag] = Object.entries(flagNames).flatMap(([key, name]) => (key in flags ? [name] : []))
  if (flag === undefined || outputs.some(({ type }) => type === 'registry' || type === 'oci' || type === 'docker'))
    return
  throw new ToolError('usage', `--${flag} is to hold the digest of a manifest, but none is made`, {
    hint: 'add --push, or --output type=oci|docker,dest=…; the ID of an image is what --iidfile holds',
  })
}

const flagNames: Readonly<Record<keyof DigestFileFlags, string>> = {
  digestFile: 'digest-file',
  imageNameWithDigestFile: 'image-name-with-digest-file',
  imageNameTagWithDigestFile: 'image-name-tag-with-digest-file',
}

/** Writes the files, in kaniko's form: a digest alone, or a line for each name. Throws `ToolError` `output-failed`. */
export function writeDigestFiles(flags: DigestFileFlags, { manifest, names }: BuildSummary, cwd: string): void {
  invariant(manifest !== undefined, 'an output with a manifest was asked for')
  const { digestFile, imageNameWithDigestFile, imageNameTagWithDigestFile } = flags
  const write = (flag: keyof DigestFileFlags, path: string | undefined, text: string): void => {
    if (path !== undefined) writeResultFile(flagNames[flag], resolve(cwd, path), text)
  }
  const lines = (form: (name: string, digest: Digest) => string): string =>
    names.map((name) => `${form(name, manifest.digest)}\n`).join('')
  write('digestFile', digestFile, manifest.digest)
  write('imageNameWithDigestFile', imageNameWithDigestFile, lines(withoutTag))
  write('imageNameTagWithDigestFile', imageNameTagWithDigestFile, lines(withTag))
}

function withoutTag(name: string, digest: Digest): string {
  const { registry, repository } = parseReference(name)
  return `${registry}/${repository}@${digest}`
}

function withTag(name: string, digest: Digest): string {
  return `${formatReference(withDefaultTag(parseReference(name)))}@${digest}`
}
