import { type Diagnostic, positionAt, type SourceFile, ToolError } from '../base/index.ts'
import type { BuildSummary, UsedImage } from '../build/index.ts'
import type { BuildFlags } from './flags.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * What buildx puts into its metadata beside digests and names: `buildx.build.provenance` in the manner of SLSA 0.2 and BuildKit's
 * `mode=min`, unless BUILDX_METADATA_PROVENANCE says disabled, and with BUILDX_METADATA_WARNINGS=1 `buildx.build.warnings`. There is
 * no `buildx.build.ref`: it names a build of a builder's history. Throws `ToolError` `usage` for other values.
 */
export function buildxMetadata(
  { summary, source }: { readonly summary: BuildSummary; readonly source: SourceFile },
  warnings: readonly Diagnostic[],
  { file }: Pick<BuildFlags, 'file'>,
  env: Environment,
): Readonly<Record<string, unknown>> {
  return {
    ...(provenanceMode(env) === 'disabled'
      ? {}
      : { 'buildx.build.provenance': provenance(summary.images, file ?? 'Dockerfile') }),
    ...(wantsWarnings(env) ? { 'buildx.build.warnings': warnings.map((one) => warningEntry(one, source)) } : {}),
  }
}

function provenanceMode({ BUILDX_METADATA_PROVENANCE: mode = 'min' }: Environment): string {
  if (['', 'min', 'max', 'disabled', 'true', 'false', '0', '1'].includes(mode))
    return mode === 'false' || mode === '0' ? 'disabled' : mode
  throw new ToolError('usage', `BUILDX_METADATA_PROVENANCE is "${mode}"`, { hint: 'expected min, max or disabled' })
}

function wantsWarnings({ BUILDX_METADATA_WARNINGS: wanted = '' }: Environment): boolean {
  return ['1', 'true', 't', 'TRUE', 'True', 'T'].includes(wanted)
}

function provenance(images: readonly UsedImage[], file: string): unknown {
  return {
    builder: { id: '' },
    buildType: 'https://mobyproject.org/buildkit@v1',
    materials: images.map(material),
    invocation: {
      configSource: { entryPoint: file },
      parameters: {
        frontend: 'dockerfile.v0',
        locals: [{ name: 'context' }, { name: 'dockerfile' }],
      },
    },
  }
}

/** A package URL, as BuildKit writes it of an image. */
function material({ name, platform, digest }: UsedImage): unknown {
  const [algorithm = '', hex = ''] = digest.split(':')
  return {
    uri: `pkg:docker/${packageName(name)}?platform=${encodeURIComponent(platform)}`,
    digest: { [algorithm]: hex },
  }
}

/** `name@tag` of `name:tag`, and `name` of `name@digest`. */
function packageName(name: string): string {
  const [plain = ''] = name.split('@')
  const colon = plain.lastIndexOf(':')
  return colon > plain.lastIndexOf('/') ? `${plain.slice(0, colon)}@${plain.slice(colon + 1)}` : plain
}

function warningEntry({ message, hint, file, span }: Diagnostic, source: SourceFile): unknown {
  const line = (offset: number): unknown => ({ line: positionAt(source, offset).line })
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  return {
    level: 1,
    short: base64(message),
    ...(hint === undefined ? {} : { detail: [base64(hint)] }),
    sourceInfo: { filename: file, language: 'Dockerfile' },
    ...(file === source.name ? { range: [{ start: line(span.start), end: line(span.end) }] } : {}),
  }
}
