import { invariant, type SourceFile, ToolError } from '../base/index.ts'
import type { FromInstruction, Instruction, Problems } from '../dockerfile/index.ts'
import { formatPlatform, type ImageConfig, type Platform, parsePlatform } from '../oci/index.ts'
import { expandIn } from './expand-in-site.ts'
import type { GlobalScope } from './global-scope.ts'
import { imageKey, isReference } from './image-reference.ts'
import { InstructionSite, type TriggerOwner } from './instruction-site.ts'
import { resolveFileSource } from './resolve-file-source.ts'
import { findStage, type SourceStage } from './split-stages.ts'
import type { FileSource, LowerFacts, NeededImage, NeededTrigger, ProgramOptions, StageBase } from './types.ts'

/** One instruction of a stage, ONBUILD triggers included, and where its files come from. */
export interface Step {
  readonly instruction: Instruction
  readonly site: InstructionSite
  /** The context for everything but COPY --from. */
  readonly from: FileSource
}

/** A reachable stage: what it starts from and what is to be lowered, triggers of the base first. */
export interface ResolvedStage {
  readonly source: SourceStage
  readonly site: InstructionSite
  readonly base: StageBase
  readonly platform: Platform
  readonly steps: readonly Step[]
}

/** The reachable stages, each after those it needs, and what is still missing to know all of them. */
export interface Resolution {
  readonly stages: readonly ResolvedStage[]
  readonly images: readonly NeededImage[]
  readonly triggers: readonly NeededTrigger[]
}

/** Everything that resolving looks at. */
export interface ResolveInput {
  readonly source: SourceFile
  readonly stages: readonly SourceStage[]
  readonly globals: GlobalScope
  readonly options: ProgramOptions
  readonly facts: LowerFacts
  readonly problems: Problems
}

/**
 * Walks from the targets to everything they need: bases, COPY --from, and the triggers of both. Stages that are not
 * reached are not looked at, and errors in them stay unseen.
 */
export function resolveStages(input: ResolveInput, targets: readonly SourceStage[]): Resolution {
  const resolver = new StageResolver(input)
  for (const target of targets) resolver.visit(target)
  return resolver.resolution()
}

class StageResolver {
  readonly #input: ResolveInput
  readonly #seen = new Set<number>()
  readonly #resolved = new Map<number, ResolvedStage>()
  readonly #bases = new Map<string, NeededImage>()
  readonly #files = new Map<string, NeededImage>()
  readonly #triggers = new Map<string, NeededTrigger>()

  constructor(input: ResolveInput) {
    this.#input = input
  }

  resolution(): Resolution {
    const images = this.#bases.size === 0 ? [] : [...this.#bases.values(), ...this.#files.values()]
    return { stages: [...this.#resolved.values()], images, triggers: [...this.#triggers.values()] }
  }

  visit(stage: SourceStage): void {
    if (this.#seen.has(stage.index)) return
    this.#seen.add(stage.index)
    const site = new InstructionSite(this.#input.source, stage.from, this.#input.problems)
    const found = this.#base(stage, site)
    if (found === undefined) return
    const steps = [...this.#triggerSteps(stage, found.base, site), ...this.#ownSteps(stage)]
    this.#resolved.set(stage.index, { source: stage, site, ...found, steps })
  }

  #base(stage: SourceStage, site: InstructionSite): { base: StageBase; platform: Platform } | undefined {
    const { globals, stages, options } = this.#input
    const { from } = stage
    const platform = this.#platform(from, site)
    const reference = expandIn(site, from.image, globals, { report: reportedElsewhere })
    if (platform === undefined || reference === undefined) return undefined
    const span = site.span(from.image)
    if (reference === '') {
      const hint = 'give its ARG a default, or pass --build-arg'
      site.error('blank-base-name', `base name (${from.image.text}) should not be blank`, span, { hint })
      return undefined
    }
    const parent = findStage(stages, reference, stage.index)
    if (parent !== undefined) {
      this.visit(parent)
      const resolved = this.#resolved.get(parent.index)
      return resolved && { base: { kind: 'stage', stage: parent.index }, platform: resolved.platform }
    }
    if (reference === 'scratch') return { base: { kind: 'scratch' }, platform }
    if (!isReference(reference)) {
      const message = `failed to parse stage name "${reference}": invalid reference format`
      site.error('invalid-reference', message, span, {
        hint: 'an image is [REGISTRY/]NAME[:TAG][@DIGEST], in lower case',
      })
      return undefined
    }
    const key = imageKey(reference, platform, options)
    const image = this.#input.facts.images.get(key)
    if (image === undefined) this.#bases.set(key, { key, reference, platform, use: 'base', origin: site.origin })
    else if (this.#input.facts.unknownImages?.has(key) !== true)
      warnOtherPlatform(site, from, reference, platform, image)
    return { base: { kind: 'image', reference, platform }, platform }
  }

  #platform(from: FromInstruction, site: InstructionSite): Platform | undefined {
    const { globals, options } = this.#input
    const flag = from.flags.find((candidate) => candidate.name === 'platform')
    if (flag === undefined || flag.value === '') return options.targetPlatform
    const word = { text: flag.value, span: flag.valueSpan }
    const text = expandIn(site, word, globals, { report: reportedElsewhere })
    if (text === undefined) return undefined
    try {
      return parsePlatform(text, options.targetPlatform)
    } catch (error) {
      if (!(error instanceof ToolError)) throw error
      const hint = 'for example linux/amd64, linux/arm64 or $BUILDPLATFORM'
      site.error('invalid-platform', `failed to parse platform "${text}" of FROM`, flag.valueSpan, { hint })
      return undefined
    }
  }

  #triggerSteps(stage: SourceStage, base: StageBase, site: InstructionSite): Step[] {
    switch (base.kind) {
      case 'scratch':
        return []
      case 'stage': {
        const parent = this.#input.stages[base.stage]
        invariant(parent !== undefined, `no stage ${base.stage}`)
        return parent.instructions.flatMap((instruction) =>
          instruction.kind === 'onbuild' ? this.#step(stage, instruction.trigger) : [],
        )
      }
      case 'image': {
        const owner = { from: stage.from.span, reference: base.reference }
        const config = this.#input.facts.images.get(
          imageKey(base.reference, base.platform, this.#input.options),
        )?.config
        return (config?.onBuild ?? []).flatMap((text) => this.#imageTrigger(stage, site, text, owner))
      }
    }
  }

  #imageTrigger(stage: SourceStage, site: InstructionSite, text: string, owner: TriggerOwner): Step[] {
    const parsed = this.#input.facts.triggers.get(text)
    if (parsed === undefined) {
      this.#triggers.set(text, { text, sourceName: `ONBUILD of ${owner.reference}` })
      return []
    }
    const broken = parsed.diagnostics.find((diagnostic) => diagnostic.severity === 'error')
    if (broken !== undefined) {
      const message = `ONBUILD trigger "${text}" of ${owner.reference}: ${broken.message}`
      site.error(broken.code, message, owner.from, { hint: 'the base image is broken; use another one' })
      return []
    }
    return parsed.instructions.flatMap((instruction) => this.#step(stage, instruction, owner))
  }

  #ownSteps(stage: SourceStage): Step[] {
    return stage.instructions.flatMap((instruction) => this.#step(stage, instruction))
  }

  /** The step of an instruction, after visiting the stage it copies from. Empty when --from leads nowhere. */
  #step(stage: SourceStage, instruction: Instruction, owner?: TriggerOwner): Step[] {
    const { source, problems, stages, options } = this.#input
    const site = new InstructionSite(source, instruction, problems, owner)
    const flag =
      instruction.kind === 'copy' ? instruction.flags.find((candidate) => candidate.name === 'from') : undefined
    if (flag === undefined) return [{ instruction, site, from: { kind: 'context' } }]
    const from = resolveFileSource(site, flag, stage, stages, options)
    if (from === undefined) return []
    if (from.kind === 'stage') {
      const needed = stages[from.stage]
      invariant(needed !== undefined, `no stage ${from.stage}`)
      this.visit(needed)
    } else if (from.kind === 'image') {
      const { reference, platform } = from
      const key = imageKey(reference, platform, options)
      const needed: NeededImage = { key, reference, platform, use: 'files', origin: site.origin }
      if (!this.#input.facts.images.has(key)) this.#files.set(key, needed)
    }
    return [{ instruction, site, from }]
  }
}

/** InvalidBaseImagePlatform. A build refuses such an image earlier on; a check comes this far. */
function warnOtherPlatform(
  site: InstructionSite,
  { image }: FromInstruction,
  reference: string,
  wanted: Platform,
  { platform }: ImageConfig,
): void {
  if (platform.os === wanted.os && platform.architecture === wanted.architecture) return
  const [actual, expected] = [formatPlatform(platform), formatPlatform(wanted)]
  const message = `Base image ${reference} was pulled with platform "${actual}", expected "${expected}" for current build`
  site.warning('invalid-base-image-platform', message, site.span(image), {
    hint: `use an image for ${expected}, or say by --platform that this one is meant`,
  })
}

/** What FROM leaves undeclared is reported by `lintFroms`, for all stages at once. */
function reportedElsewhere(): void {}
