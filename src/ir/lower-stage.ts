import type { EscapeCharacter } from '../../grammar/index.ts'
import { assertNever, cleanPath, invariant } from '../base/index.ts'
import type { AddInstruction, CopyInstruction, WorkdirInstruction, WorkspaceDirective } from '../dockerfile/index.ts'
import { expandIn, type Scope } from './expand-in-site.ts'
import type { GlobalScope } from './global-scope.ts'
import { imageKey } from './image-reference.ts'
import type { InstructionSite } from './instruction-site.ts'
import { lintCopy } from './lint-copies.ts'
import {
  lowerArg,
  lowerCmd,
  lowerEntrypoint,
  lowerEnv,
  lowerExpose,
  lowerLabel,
  lowerMaintainer,
  lowerOnbuild,
  lowerShell,
  lowerStopsignal,
  lowerUser,
  lowerVolume,
} from './lower-config.ts'
import { lowerCopy } from './lower-copy.ts'
import { lowerHealthcheck } from './lower-healthcheck.ts'
import { lowerRun } from './lower-run.ts'
import { contextSource } from './lower-workspace.ts'
import type { ResolvedStage, Step } from './resolve-stages.ts'
import { absolutePath } from './stage-path.ts'
import { type StageStart, StageState } from './stage-state.ts'
import type { FileSource, LowerFacts, Operation, ProgramOptions, Stage } from './types.ts'

/** What lowering a stage looks at besides the stage. */
export interface LowerInput {
  readonly escape: EscapeCharacter
  readonly globals: GlobalScope
  readonly options: ProgramOptions
  readonly facts: LowerFacts
}

/** Lowers the stages in order. Errors go to the sites of their instructions; what is returned then has gaps. */
export function lowerStages(input: LowerInput, stages: readonly ResolvedStage[]): Stage[] {
  const states = new Map<number, StageState>()
  return stages.map((stage) => {
    const state = new StageState(stageStart(input, stage, states))
    states.set(stage.source.index, state)
    if (stage.files !== undefined) state.operations.push(contextFiles(stage, stage.files))
    for (const step of stage.steps) {
      const operation = lowerStep(input, step, state, stage.source.from.workspace)
      if (operation !== undefined) state.operations.push(operation)
    }
    const { index, name } = stage.source
    return {
      index,
      name: name ?? String(index),
      base: stage.base,
      platform: stage.platform,
      operations: state.operations,
      config: state.config(),
      ...(state.author === undefined ? {} : { author: state.author }),
      origin: stage.site.origin,
    }
  })
}

function stageStart(
  { facts, options }: LowerInput,
  { base, platform }: ResolvedStage,
  states: ReadonlyMap<number, StageState>,
): StageStart {
  switch (base.kind) {
    case 'scratch':
      return { base, platform, config: {}, baseKnown: true }
    case 'stage': {
      const parent = states.get(base.stage)
      invariant(parent !== undefined, `stage ${base.stage} comes after one that needs it`)
      return { base, platform, config: parent.config(), author: parent.author, parent, baseKnown: parent.baseKnown }
    }
    case 'image': {
      const key = imageKey(base.reference, base.platform, options)
      const image = facts.images.get(key)
      invariant(image !== undefined, `no facts about ${base.reference}`)
      const baseKnown = facts.unknownImages?.has(key) !== true
      return { base, platform, config: image.config, author: image.author, baseKnown }
    }
    default:
      return assertNever(base)
  }
}

/** FROM a named context of files is as if they were copied to nothing. */
function contextFiles({ site, source }: ResolvedStage, name: string): Operation {
  return {
    kind: 'copy',
    origin: site.origin,
    from: { kind: 'named', name },
    sources: ['.'],
    sourceSpans: [site.span(source.from.image)],
    destination: '/',
    unpack: false,
    createdBy: `FROM ${name} # buildkit`,
  }
}

function lowerStep(
  input: LowerInput,
  step: Step,
  state: StageState,
  ofStage: WorkspaceDirective | undefined,
): Operation | undefined {
  const { instruction, site } = step
  const scope: Scope = {
    ...state.variables.scope(input.escape),
    mayBeSet: (name) => !state.baseKnown && !input.globals.isDeclared(name),
  }
  switch (instruction.kind) {
    case 'run': {
      const directive = instruction.mounts.length === 0 ? undefined : ofStage
      const context = contextSource(site, undefined, directive, scope, input.globals)
      if (context === undefined) return undefined
      return lowerRun({ site, state, scope, options: input.options, context }, instruction, step.mountSources)
    }
    case 'copy':
    case 'add': {
      const context = contextSource(site, instruction.workspace, ofStage, scope, input.globals)
      return context && lowerCopies(input, step, instruction, state, scope, context)
    }
    case 'workdir':
      return lowerWorkdir(site, instruction, state, scope)
    default: {
      const createdBy = lowerMetadata(input, step, state, scope)
      return createdBy === undefined ? undefined : { kind: 'metadata', origin: site.origin, createdBy }
    }
  }
}

function lowerCopies(
  input: LowerInput,
  { site, from }: Step,
  instruction: CopyInstruction | AddInstruction,
  state: StageState,
  scope: Scope,
  context: FileSource,
): Operation | undefined {
  const copy = lowerCopy(site, instruction, from.kind === 'context' ? context : from, state, scope)
  if (copy !== undefined) lintCopy(site, copy, input.facts)
  return copy
}

/** Folds an instruction into the config; returns its history text. */
function lowerMetadata(input: LowerInput, step: Step, state: StageState, scope: Scope): string | undefined {
  const { instruction, site } = step
  switch (instruction.kind) {
    case 'arg':
      return lowerArg(site, instruction, state, scope, input.globals, input.options)
    case 'env':
      return lowerEnv(site, instruction, state, scope)
    case 'label':
      return lowerLabel(site, instruction, state, scope)
    case 'maintainer':
      return lowerMaintainer(instruction, state)
    case 'cmd':
      return lowerCmd(site, instruction, state)
    case 'entrypoint':
      return lowerEntrypoint(site, instruction, state)
    case 'shell':
      return lowerShell(instruction, state)
    case 'user':
      return lowerUser(site, instruction, state, scope)
    case 'expose':
      return lowerExpose(site, instruction, state, scope)
    case 'volume':
      return lowerVolume(site, instruction, state, scope)
    case 'stopsignal':
      return lowerStopsignal(site, instruction, state, scope)
    case 'healthcheck':
      return lowerHealthcheck(instruction, state)
    case 'onbuild':
      return lowerOnbuild(instruction, state)
    case 'run':
    case 'copy':
    case 'add':
    case 'workdir':
    case 'from':
      return undefined
    default:
      return assertNever(instruction)
  }
}

function lowerWorkdir(
  site: InstructionSite,
  workdir: WorkdirInstruction,
  state: StageState,
  scope: Scope,
): Operation | undefined {
  const written = expandIn(site, workdir.path, scope)
  if (written === undefined) return undefined
  if (!written.startsWith('/') && !state.workingDirSet) {
    const message = `Relative workdir "${written}" can have unexpected results if the base image changes`
    const { span } = workdir.path
    const path = absolutePath(state.workingDir, written)
    const fixable = state.baseKnown && workdir.path.text === written && span.end - span.start === written.length
    site.warning('workdir-relative-path', message, site.span(workdir.path), {
      hint: state.baseKnown ? `begin with an absolute one: WORKDIR ${path}` : 'begin with an absolute one',
      fix: fixable ? { title: `write ${path}`, edits: [{ span, text: path }] } : undefined,
    })
  }
  state.workingDirSet = true
  // BuildKit cleans what it joins; an absolute one goes into the config as it is written.
  state.workingDir = written.startsWith('/') ? written : absolutePath(state.workingDir, written)
  const path = cleanPath(state.workingDir)
  const { origin } = site
  const createdBy = `WORKDIR ${state.workingDir}`
  return path === '/'
    ? { kind: 'metadata', origin, createdBy }
    : { kind: 'workdir', origin, path, user: state.user, createdBy }
}
