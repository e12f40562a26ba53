import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import {
  type BakeDefinition,
  type BakePlan,
  parseDotEnv,
  parseOverrides,
  readDefinition,
  resolveTargets,
  targetText,
} from '../bake/index.ts'
import { hasErrors, type SourceFile, sourceFile, ToolError } from '../base/index.ts'
import type { CommitTree } from '../remote/commit-tree.ts'
import type { DefinitionChange } from './affected.ts'
import { type AffectedReason, pathInRepository } from './compare-context.ts'
import type { Host } from './host.ts'
import { type BakeQuestion, bakeSurroundings, defaultBakeFiles, type OpenBake } from './open-bake.ts'

/**
 * What bake files say of targets that they did not say at a commit: the files of then are read with the variables of now, and targets
 * compared as they are printed. Files that were none of the repository, or were wrong, change all targets.
 */
export async function bakeChanges(
  question: BakeQuestion,
  { sources, plan }: OpenBake,
  host: Host,
  commit: CommitTree,
): Promise<DefinitionChange> {
  const targets = new Map((plan?.targets ?? []).map((target) => [target.name, targetText(target)]))
  const then = await definitionThen(question, host, commit)
  if ('kind' in then) return () => then
  const name = sources.map((source) => source.name).join(', ')
  return (target) => {
    const before = targetThen(question, host, then, target, plan)
    if (before === targets.get(target)) return undefined
    const change = before === undefined ? 'was not defined as it is' : 'was defined otherwise'
    return { kind: 'bake-file', message: `the target "${target}" ${change} in ${name}` }
  }
}

async function definitionThen(
  question: BakeQuestion,
  host: Host,
  commit: CommitTree,
): Promise<BakeDefinition | AffectedReason> {
  const files: SourceFile[] = []
  const { files: named } = question
  for (const file of named.length > 0 ? named : defaultBakeFiles) {
    if (file === '-') return { kind: 'undecided', message: 'the bake file came on standard input' }
    const path = pathThen(resolve(host.cwd, file), commit)
    if (typeof path !== 'string') return path
    const text = await commit.text(path)
    if (text !== undefined) files.push(sourceFile(file, text))
    else if (named.length > 0)
      return { kind: 'bake-file', message: `${path} is not in the commit`, path, change: 'added' }
  }
  const dotEnv = pathThen(join(host.cwd, '.env'), commit)
  const variables = typeof dotEnv === 'string' ? await commit.text(dotEnv) : undefined
  const definition = await readDefinition(files, bakeSurroundings(question, host, parseDotEnv(variables ?? '')))
  if (!hasErrors(definition.diagnostics)) return definition
  return { kind: 'bake-file', message: 'the bake files of the commit cannot be read' }
}

/** As `pathInRepository`, of a file that need not be there now. */
function pathThen(file: string, commit: CommitTree): string | AffectedReason {
  if (existsSync(file)) return pathInRepository(file, commit)
  const above = pathInRepository(dirname(file), commit)
  return typeof above === 'string' ? join(above, file.slice(dirname(file).length + 1)) : above
}

/** The target as the commit had it; undefined when it had none, or one that stood on others in another way. */
function targetThen(
  question: BakeQuestion,
  host: Host,
  definition: BakeDefinition,
  name: string,
  plan: BakePlan | undefined,
): string | undefined {
  const names = definition.targets.map((target) => target.name)
  if (!names.includes(name)) return undefined
  try {
    // Asked for as it is asked for now, so that what it is there for is the same.
    const wanted = plan?.targets.find((target) => target.name === name)
    const overrides = parseOverrides(question.set, names, (variable) => host.env[variable])
    const then = resolveTargets(definition, [name], overrides)
    const target = then.targets.find((one) => one.name === name)
    if (hasErrors(then.diagnostics) || target === undefined) return undefined
    if (wanted?.isLinked !== true) return targetText(target)
    const entries = new Map(target.entries).set('output', [{ type: 'cacheonly' }])
    return targetText({ ...target, entries })
  } catch (error) {
    if (error instanceof ToolError && error.code === 'usage') return undefined
    throw error
  }
}
