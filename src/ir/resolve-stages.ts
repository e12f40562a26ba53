import { invariant, replacing, type SourceFile, ToolError } from '../base/index.ts'
import type { FromInstruction, Instruction, MountFlag, Problems, RunInstruction } from '../dockerfile/index.ts'
import { formatPlatform, type ImageConfig, type Platform, parsePlatform } from '../oci/index.ts'
import { expandIn } from './expand-in-site.ts'
import type { GlobalScope } from './global-scope.ts'
import { imageKey, intendedReference, referenceProblem } from './image-reference.ts'
import { InstructionSite, type TriggerOwner } from './instruction-site.ts'
import { findNamedContext } from './named-context.ts'
import { type FromOption, resolveFileSource } from './resolve-file-source.ts'
import { findStage, type SourceStage } from './split-stages.ts'
import type { FileSource, LowerFacts, NeededImage, NeededTrigger, ProgramOptions, StageBase } from './types.ts'

/** One instruction of a stage, ONBUILD triggers included, and where its files come from. */
export interface Step {
  readonly instruction: Instruction
  readonly site: InstructionSite
  /** The context for everything but COPY --from. */
  readonly from: FileSource
  /** Where each `--mount` of RUN that has a `from` takes its files. */
  readonly mountSources: ReadonlyMap<MountFlag, FileSource>
}

/** A reachable stage: what it starts from and what is to be lowered, triggers of the base first. */
export interface ResolvedStage {
  readonly source: SourceStage
  readonly site: InstructionSite
  readonly base: StageBase
  readonly platform: Platform
  readonly steps: readonly Step[]
  /** Named context whose files the stage begins with; the base is scratch then. */
  readonly files?: string
}

/** What a stage starts from. */
type Start = Pick<ResolvedStage, 'base' | 'platform' | 'files'>

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
    const replaced = stage.name === undefined ? undefined : this.#replacement(stage.name, site)
    if (replaced !== undefined) {
      // A named context takes the place of the whole stage: neither its base nor its instructions matter.
      this.#resolved.set(stage.index, { source: stage, site, ...replaced, steps: [] })
      return
    }
    const found = this.#base(stage, site)
    if (found === undefined) return
    const steps = [...this.#triggerSteps(stage, found.base, site), ...this.#ownSteps(stage)]
    this.#resolved.set(stage.index, { source: stage, site, ...found, steps })
  }

  /** What the named context called `name` makes of a stage, when there is one. */
  #replacement(name: string, site: InstructionSite, given?: Platform): Start | undefined {
    const { options } = this.#input
    const platform = given ?? options.targetPlatform
    const found = findNamedContext(options, name, platform)
    if (found === undefined) return undefined
    const { context, key } = found
    if (context.kind === 'files') return { base: { kind: 'scratch' }, platform, files: key }
    if (context.reference === 'scratch') return { base: { kind: 'scratch' }, platform }
    return { base: this.#image(context.reference, platform, site), platform }
  }

  /** An image as a base; asks for its config when that is not known. */
  #image(reference: string, platform: Platform, site: InstructionSite, from?: FromInstruction): StageBase {
    const { facts, options } = this.#input
    const key = imageKey(reference, platform, options)
    const image = facts.images.get(key)
    if (image === undefined) this.#bases.set(key, { key, reference, platform, use: 'base', origin: site.origin })
    else if (from !== undefined && facts.unknownImages?.has(key) !== true)
      warnOtherPlatform(site, from, reference, platform, image)
    return { kind: 'image', reference, platform }
  }

  #base(stage: SourceStage, site: InstructionSite): Start | undefined {
    const { globals, stages } = this.#input
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
    const replaced = this.#replacement(reference, site, platform)
    if (replaced !== undefined) return replaced
    if (reference === 'scratch') return { base: { kind: 'scratch' }, platform }
    const problem = referenceProblem(reference)
    if (problem !== undefined) {
      reportReference(site, from, reference, problem)
      return undefined
    }
    return { base: this.#image(reference, platform, site, from), platform }
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
      const meant = text.replace(/^(linux|windows)[-_:]/i, '$1/')
      site.error('invalid-platform', `failed to parse platform "${text}" of FROM`, flag.valueSpan, {
        hint: 'for example linux/amd64, linux/arm64 or $BUILDPLATFORM',
        fix: meant === text || text !== flag.value ? undefined : replacing(flag.valueSpan, meant),
      })
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

  /** The step of an instruction, after visiting the stages it takes files from. Empty when one leads nowhere. */
  #step(stage: SourceStage, instruction: Instruction, owner?: TriggerOwner): Step[] {
    const site = new InstructionSite(this.#input.source, instruction, this.#input.problems, owner)
    const context: FileSource = { kind: 'context' }
    if (instruction.kind === 'run') {
      const mountSources = this.#mountSources(site, instruction, stage)
      return mountSources === undefined ? [] : [{ instruction, site, from: context, mountSources }]
    }
    const flag =
      instruction.kind === 'copy' ? instruction.flags.find((candidate) => candidate.name === 'from') : undefined
    const from = flag === undefined ? context : this.#fileSource(site, { ...flag, name: '--from' }, stage)
    return from === undefined ? [] : [{ instruction, site, from, mountSources: new Map() }]
  }

  #mountSources(
    site: InstructionSite,
    run: RunInstruction,
    stage: SourceStage,
  ): ReadonlyMap<MountFlag, FileSource> | undefined {
    const sources = new Map<MountFlag, FileSource>()
    for (const mount of run.mounts) {
      const value = mount.options.findLast((option) => option.name === 'from')?.value
      if (value === undefined || value.text === '') continue
      const option = { name: 'from of --mount', value: value.text, valueSpan: value.span } as const
      const source = this.#fileSource(site, option, stage)
      if (source === undefined) return undefined
      sources.set(mount, source)
    }
    return sources
  }

  /** Where an option leads, after visiting the stage or asking for the image. */
  #fileSource(site: InstructionSite, option: FromOption, stage: SourceStage): FileSource | undefined {
    const { stages, options } = this.#input
    const from = resolveFileSource(site, option, stage, stages, options)
    if (from?.kind === 'stage') {
      const needed = stages[from.stage]
      invariant(needed !== undefined, `no stage ${from.stage}`)
      this.visit(needed)
    } else if (from?.kind === 'image') {
      const { reference, platform } = from
      const key = imageKey(reference, platform, options)
      const needed: NeededImage = { key, reference, platform, use: 'files', origin: site.origin }
      if (!this.#input.facts.images.has(key)) this.#files.set(key, needed)
    }
    return from
  }
}

function reportReference(site: InstructionSite, from: FromInstruction, reference: string, problem: string): void {
  const { image } = from
  const meant = intendedReference(reference)
  const also = meant === undefined ? '' : ` (did you mean ${meant}?)`
  const message = `failed to parse stage name "${reference}": invalid reference format: ${problem}${also}`
  site.error('invalid-reference', message, site.span(image), {
    hint: 'an image is [REGISTRY/]NAME[:TAG][@DIGEST], in lower case',
    fix: meant === undefined || image.text !== reference ? undefined : replacing(image.span, meant),
  })
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
