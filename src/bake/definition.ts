import type { Diagnostic, SourceFile } from '../base/index.ts'
import { evaluate } from './evaluate.ts'
import { expandBlock } from './expand-matrix.ts'
import type { BakeFacts } from './function-call.ts'
import type { Block, Body } from './hcl-ast.ts'
import { parseHcl } from './hcl-body.ts'
import { BakeModule, nameList } from './module.ts'
import { described } from './operators.ts'
import { collecting, Problem, wrongType } from './problem.ts'
import { type BakeGroup, type BakeTarget, mergeTargets } from './target.ts'
import { textOf } from './value.ts'
import type { BakeVariable } from './variables.ts'

/** What is not in the files. */
export interface BakeSurroundings extends BakeFacts {
  /** The environment: gives values to variables, and to compose files. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** What a `.env` file adds to it, for compose files. */
  readonly dotEnv: ReadonlyMap<string, string>
  /** `--var NAME=VALUE`: come before the environment. */
  readonly variables: ReadonlyMap<string, string>
  /** `BAKE_LOCAL_PLATFORM`, `BAKE_CMD_CONTEXT`. */
  readonly builtins: ReadonlyMap<string, string>
}

/** All that bake files say together, before targets are chosen. */
export interface BakeDefinition {
  /** In the order in which they were defined, `inherits` not yet followed. */
  readonly targets: readonly BakeTarget[]
  readonly groups: readonly BakeGroup[]
  readonly variables: readonly BakeVariable[]
  readonly diagnostics: readonly Diagnostic[]
}

/** How a file is written, by its name, else by what it looks like. */
export function bakeFormat({ name, text }: SourceFile): 'hcl' | 'json' | 'compose' {
  if (/\.ya?ml$/i.test(name)) return 'compose'
  if (/\.hcl$/i.test(name)) return 'hcl'
  if (/\.json$/i.test(name) || /^\s*\{/.test(text)) return 'json'
  return /^services\s*:/m.test(text) ? 'compose' : 'hcl'
}

/**
 * Reads bake files: compose files first, then HCL and JSON together; what is defined later comes before what is defined
 * earlier. What is wrong is collected. The parsers of YAML and JSON are loaded where there is such a file.
 */
export async function readDefinition(
  files: readonly SourceFile[],
  surroundings: BakeSurroundings,
): Promise<BakeDefinition> {
  const diagnostics: Diagnostic[] = []
  const { env, dotEnv, variables, builtins } = surroundings
  const targets = new Map<string, BakeTarget>()
  const groups = new Map<string, BakeGroup>()
  const addTarget = (target: BakeTarget): void => {
    const known = targets.get(target.name)
    targets.set(target.name, known === undefined ? target : mergeTargets(known, target))
  }
  for (const file of files.filter((one) => bakeFormat(one) === 'compose')) {
    const { readCompose } = await import('./compose.ts')
    const compose = readCompose(file, (name) => env[name] ?? dotEnv.get(name), diagnostics)
    for (const target of compose.targets) addTarget(target)
    for (const group of compose.groups) {
      const known = groups.get(group.name)?.targets ?? []
      groups.set(group.name, { ...group, targets: [...new Set([...known, ...group.targets])] })
    }
  }
  const module = new BakeModule(
    (name) => {
      const given = variables.get(name)
      if (given !== undefined) return { value: given, from: '--var' }
      const value = env[name]
      return value === undefined ? undefined : { value, from: 'the environment' }
    },
    builtins,
    surroundings,
  )
  for (const file of files.filter((one) => bakeFormat(one) !== 'compose')) await addFile(module, file, diagnostics)
  for (const block of module.blocks('target')) {
    const { targets: made, group } = expandBlock(block, module, diagnostics)
    for (const target of made) addTarget(target)
    const name = block.labels[0]?.text ?? ''
    if (group !== undefined) groups.set(name, { name, place: block.place, targets: group })
  }
  for (const block of module.blocks('group')) {
    const group = collecting(diagnostics, () => readGroup(block, module))
    if (group !== undefined) groups.set(group.name, group)
  }
  return {
    targets: [...targets.values()],
    groups: [...groups.values()],
    variables: listVariables(module, diagnostics),
    diagnostics: unique(diagnostics),
  }
}

async function addFile(module: BakeModule, file: SourceFile, diagnostics: Diagnostic[]): Promise<void> {
  const parsed = await parseFile(file)
  diagnostics.push(...parsed.diagnostics)
  if (parsed.body !== undefined) module.add(parsed.body, diagnostics)
}

async function parseFile(file: SourceFile): Promise<ParsedFile> {
  if (bakeFormat(file) === 'hcl') return parseHcl(file)
  const { parseHclJson } = await import('./json-body.ts')
  return parseHclJson(file)
}

interface ParsedFile {
  readonly body?: Body
  readonly diagnostics: readonly Diagnostic[]
}

function readGroup(block: Block, module: BakeModule): BakeGroup {
  const [label] = block.labels
  const name = label?.text ?? ''
  let targets: readonly string[] = []
  let place = block.place
  let description: string | undefined
  for (const attribute of block.body.attributes) {
    const value = evaluate(attribute.value, module)
    if (attribute.name === 'targets') {
      const names = nameList(value)
      if (names === undefined) {
        const message = `targets must be a list of strings, but this is ${described(value)}`
        throw wrongType(attribute.value.place, message)
      }
      targets = [...new Set(names)]
      place = attribute.value.place
    } else if (attribute.name === 'description') description = textOf(value)
    else {
      throw new Problem(attribute.namePlace, {
        code: 'bake-unknown-name',
        message: `a group has no attribute "${attribute.name}"`,
        hint: 'it has targets and description',
      })
    }
  }
  return { name, place, targets, ...(description === undefined ? {} : { description }) }
}

function listVariables(module: BakeModule, diagnostics: Diagnostic[]): readonly BakeVariable[] {
  return module.variables.flatMap((variable) => {
    const before = diagnostics.length
    const listed = collecting(diagnostics, () => variable.list())
    if (diagnostics.length === before) variable.validate(diagnostics)
    return listed ?? []
  })
}

/** A wrong variable is met by all that use it; it is told once. */
function unique(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...new Map(diagnostics.map((one) => [JSON.stringify(one), one])).values()]
}
