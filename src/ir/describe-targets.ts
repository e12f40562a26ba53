import { type MountOptionName, type MountType, mountTypes } from '../../grammar/index.ts'
import type { SourceFile, Span } from '../base/index.ts'
import {
  allCommentsAbove,
  describedBy,
  type Instruction,
  type MountFlag,
  mountOption,
  type ParsedDockerfile,
  Problems,
} from '../dockerfile/index.ts'
import { givenArg, predefinedArgs } from './build-args.ts'
import { expandWord } from './expand-word.ts'
import { findTarget } from './find-target.ts'
import { type GlobalScope, globalScope } from './global-scope.ts'
import { reachableStages } from './reachable-stages.ts'
import { type SourceStage, splitStages } from './split-stages.ts'
import type { LowerResult, ProgramOptions } from './types.ts'

/** A stage that can be built. `span` is that of its FROM. */
export interface TargetDescription {
  readonly name?: string
  readonly description?: string
  readonly isDefault: boolean
  /** Image and platform as written. */
  readonly base: string
  readonly platform?: string
  readonly span: Span
}

/** A build argument that the target takes; `value` is what it has now, if anything. */
export interface ArgDescription {
  readonly name: string
  readonly value?: string
  readonly description?: string
  readonly span: Span
}

/** Something that a RUN of the target mounts. */
export interface MountDescription {
  readonly id: string
  readonly required: boolean
  readonly span: Span
}

/** What can be given to a target. */
export interface Outline {
  readonly kind: 'outline'
  readonly name?: string
  readonly description?: string
  readonly args: readonly ArgDescription[]
  readonly secrets: readonly MountDescription[]
  readonly ssh: readonly MountDescription[]
  readonly caches: readonly MountDescription[]
}

/** All stages, with what the comments above them say (`# NAME description`). */
export function describeTargets(parsed: ParsedDockerfile, source: SourceFile): readonly TargetDescription[] {
  const comments = allCommentsAbove(source, parsed)
  const { stages } = splitStages(parsed.instructions)
  return stages.map(({ index, name, from }) => {
    const platform = from.flags.find((flag) => flag.name === 'platform')?.value
    const description = name === undefined ? undefined : describedBy(comments.get(from) ?? [], name)
    return {
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
      isDefault: index === stages.length - 1,
      base: from.image.text,
      ...(platform === undefined ? {} : { platform }),
      span: from.span,
    }
  })
}

/** What the target and the stages below it take: arguments, secrets, SSH agents and caches. Fails when there is no such target. */
export function describeOutline(
  parsed: ParsedDockerfile,
  source: SourceFile,
  options: ProgramOptions,
): Outline | Extract<LowerResult, { kind: 'failed' }> {
  const problems = new Problems(source.name)
  const { globals, stages } = splitStages(parsed.instructions)
  const scope = globalScope(source, globals, parsed.escape, options, problems)
  const target = findTarget(source, stages, options.target, problems)
  if (target === undefined || problems.hasErrors) return { kind: 'failed', diagnostics: problems.all }
  const comments = allCommentsAbove(source, parsed)
  const reached = reachableStages(stages, target, scope)
  const { name } = target
  const description = name === undefined ? undefined : describedBy(comments.get(target.from) ?? [], name)
  const mounts = (type: MountType, id: (mount: MountFlag) => string) => findMounts(reached, type, id)
  return {
    kind: 'outline',
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    args: describeArgs(globals, reached, scope, options, comments),
    secrets: mounts('secret', (mount) => text(mount, 'id') ?? baseName(text(mount, 'target') ?? '')),
    ssh: mounts('ssh', (mount) => text(mount, 'id') ?? 'default'),
    caches: mounts('cache', (mount) => text(mount, 'id') ?? text(mount, 'target') ?? ''),
  }
}

/** Global ARGs that a FROM or a stage uses, then those of the stages, each name once, in the order of the file. */
function describeArgs(
  globals: readonly Instruction[],
  reached: readonly SourceStage[],
  scope: GlobalScope,
  options: ProgramOptions,
  comments: ReadonlyMap<Instruction, readonly string[]>,
): ArgDescription[] {
  const predefined = predefinedArgs(options)
  const inFroms = reached.map(({ from }) => from.text).join('\n')
  const local = reached.flatMap(({ instructions }) => describeEach(instructions, scope, options, comments))
  const global = describeEach(globals, scope, options, comments).filter(
    ({ name }) => new RegExp(`\\$\\{?${name}\\b`).test(inFroms) || local.some((arg) => arg.name === name),
  )
  const found = new Map<string, ArgDescription>()
  for (const arg of [...global, ...local].filter(({ name }) => !predefined.has(name))) {
    const earlier = found.get(arg.name)
    found.set(arg.name, earlier === undefined ? arg : { ...arg, ...earlier })
  }
  return [...found.values()].sort((a, b) => a.span.start - b.span.start)
}

function describeEach(
  instructions: readonly Instruction[],
  scope: GlobalScope,
  options: ProgramOptions,
  comments: ReadonlyMap<Instruction, readonly string[]>,
): ArgDescription[] {
  const values = new Map<string, string>()
  const lookup = (name: string): string | undefined => values.get(name) ?? scope.lookup(name)
  return instructions.flatMap((instruction) => {
    if (instruction.kind !== 'arg') return []
    return instruction.assignments.map(({ name, value, span }) => {
      const fallback = value === undefined ? undefined : expandWord(value.text, scope.escape, lookup)
      const expanded = fallback?.kind === 'expanded' ? fallback.text : value?.text
      const current = givenArg(options, name.text) ?? expanded ?? scope.value(name.text)
      if (current !== undefined) values.set(name.text, current)
      const description = describedBy(comments.get(instruction) ?? [], name.text)
      return {
        name: name.text,
        ...(current === undefined ? {} : { value: current }),
        ...(description === undefined ? {} : { description }),
        span,
      }
    })
  })
}

/** Mounts of one type, each id once, by id; required when any of them is. */
function findMounts(
  stages: readonly SourceStage[],
  type: MountType,
  idOf: (mount: MountFlag) => string,
): MountDescription[] {
  const found = new Map<string, MountDescription>()
  for (const instruction of stages.flatMap((stage) => stage.instructions)) {
    if (instruction.kind !== 'run') continue
    for (const mount of instruction.mounts) {
      if ((text(mount, 'type') ?? mountTypes[0]) !== type) continue
      const id = idOf(mount)
      const earlier = found.get(id)
      found.set(id, {
        id,
        required: earlier?.required === true || isRequired(mount),
        span: earlier?.span ?? mount.span,
      })
    }
  }
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

function text(mount: MountFlag, name: MountOptionName): string | undefined {
  return mountOption(mount, name)?.text
}

/** `required` alone means yes. */
function isRequired(mount: MountFlag): boolean {
  const option = mount.options.findLast(({ name }) => name === 'required')
  return option !== undefined && /^(?:true|1)$/i.test(option.value?.text ?? 'true')
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
