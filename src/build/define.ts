import type { Diagnostic, SourceFile } from '../base/index.ts'
import type { ParsedDockerfile } from '../dockerfile/index.ts'
import { type LowerFacts, lowerDockerfile, type NeededImage, type Program, type ProgramOptions } from '../ir/index.ts'
import type { ImageConfig } from '../oci/index.ts'

/** How a build learns what a Dockerfile means. */
export interface DefinePorts {
  /** Parses a Dockerfile (from a cache where possible). */
  parse(source: SourceFile): Promise<ParsedDockerfile>
  /** Parses the text of an ONBUILD trigger out of an image config. */
  parseTrigger(text: string, sourceName: string): Promise<ParsedDockerfile>
  /** Config of an image; undefined when it may not be fetched now, `unknown` to go on without it. */
  imageConfig(image: NeededImage): Promise<ImageConfig | 'unknown' | undefined>
  /** As `LowerFacts.excludedBy`. */
  readonly excludedBy?: LowerFacts['excludedBy']
}

export type DefineResult =
  | { readonly kind: 'defined'; readonly program: Program; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: 'needs-images'; readonly images: readonly NeededImage[] }
  | { readonly kind: 'failed'; readonly diagnostics: readonly Diagnostic[] }

/** From the text of a Dockerfile to a program, asking for image configs until all are known. */
export async function defineProgram(
  source: SourceFile,
  options: ProgramOptions,
  ports: DefinePorts,
): Promise<DefineResult> {
  const parsed = await ports.parse(source)
  const images = new Map<string, ImageConfig>()
  const triggers = new Map<string, ParsedDockerfile>()
  const unknownImages = new Set<string>()
  const facts = { images, triggers, unknownImages, excludedBy: ports.excludedBy }
  for (;;) {
    const lowered = lowerDockerfile(parsed, source, options, facts)
    switch (lowered.kind) {
      case 'program':
        return { kind: 'defined', program: lowered.program, diagnostics: lowered.program.diagnostics }
      case 'failed':
        // The parser's warnings are among them already.
        return { kind: 'failed', diagnostics: lowered.diagnostics }
      case 'needs-triggers':
        for (const { text, sourceName } of lowered.triggers)
          triggers.set(text, await ports.parseTrigger(text, sourceName))
        break
      case 'needs-images': {
        const configs = await Promise.all(lowered.images.map((image) => ports.imageConfig(image)))
        // An image that only gives files is fetched early, but its config is not waited for.
        const missing = lowered.images.filter((image, index) => image.use === 'base' && configs[index] === undefined)
        if (missing.length > 0) return { kind: 'needs-images', images: missing }
        for (const [index, image] of lowered.images.entries()) {
          const config = configs[index]
          if (config === 'unknown') unknownImages.add(image.key)
          if (config !== undefined) images.set(image.key, config === 'unknown' ? emptyConfig(image) : config)
        }
      }
    }
  }
}

function emptyConfig({ platform }: NeededImage): ImageConfig {
  return { platform, config: {}, diffIds: [], history: [] }
}
