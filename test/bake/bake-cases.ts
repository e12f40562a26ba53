import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type BakeDefinition,
  type BakePlan,
  type BakeSurroundings,
  parseDotEnv,
  parseOverrides,
  readDefinition,
  resolveTargets,
} from '../../src/bake/index.ts'
import { type SourceFile, sourceFile } from '../../src/base/index.ts'
import { defaultBakeFiles } from '../../src/engine/open-bake.ts'

/** A folder of fixtures/bake: bake files, what is asked of them, and why the answer is what it is. */
export interface BakeCase {
  readonly name: string
  readonly folder: string
  readonly files: readonly SourceFile[]
  readonly targets: readonly string[]
  readonly set: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly variables: Readonly<Record<string, string>>
  readonly why: readonly string[]
}

const root = join(import.meta.dirname, '../../fixtures/bake')

export function loadBakeCases(): readonly BakeCase[] {
  return readdirSync(root)
    .filter((name) => existsSync(join(root, name, 'case.json')))
    .map((name) => {
      const folder = join(root, name)
      const asked: Partial<Omit<BakeCase, 'files'>> & { readonly files?: readonly string[] } = JSON.parse(
        readFileSync(join(folder, 'case.json'), 'utf8'),
      )
      const { targets = [], set = [], env = {}, variables = {}, why = [] } = asked
      const names = asked.files ?? defaultBakeFiles.filter((file) => existsSync(join(folder, file)))
      const files = names.map((file) => sourceFile(file, readFileSync(join(folder, file), 'utf8')))
      return { name, folder, files, targets, set, env, variables, why }
    })
}

/** Facts that are the same on every machine. */
export function surroundings(over: Partial<BakeSurroundings> = {}): BakeSurroundings {
  return {
    env: {},
    dotEnv: new Map(),
    variables: new Map(),
    builtins: new Map([
      ['BAKE_LOCAL_PLATFORM', 'linux/amd64'],
      ['BAKE_CMD_CONTEXT', '/work'],
    ]),
    nowMs: Date.parse('2026-03-01T12:00:00Z'),
    homeDirectory: '/home/me',
    randomUuid: () => '00000000-0000-4000-8000-000000000000',
    ...over,
  }
}

export async function planCase(one: BakeCase): Promise<{ definition: BakeDefinition; plan: BakePlan }> {
  const { files, env, variables, targets, set, folder } = one
  const file = join(folder, '.env')
  const dotEnv = parseDotEnv(existsSync(file) ? readFileSync(file, 'utf8') : '')
  const definition = await readDefinition(
    files,
    surroundings({ env, variables: new Map(Object.entries(variables)), dotEnv }),
  )
  const names = definition.targets.map(({ name }) => name)
  const plan = resolveTargets(
    definition,
    targets,
    parseOverrides(set, names, (name) => env[name]),
  )
  return { definition, plan }
}

/** One file, and what is wrong with it. */
export async function definitionOf(name: string, text: string, over: Partial<BakeSurroundings> = {}) {
  const source = sourceFile(name, text)
  return { source, definition: await readDefinition([source], surroundings(over)) }
}
