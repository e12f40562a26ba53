import { parseIgnore, sourceFile } from '../../src/base/index.ts'
import { parseDockerfile, parseTrigger } from '../../src/dockerfile/parse-dockerfile.ts'
import {
  type LowerFacts,
  type LowerResult,
  lowerDockerfile,
  type NeededImage,
  type Operation,
  type Program,
  type ProgramOptions,
  type Stage,
} from '../../src/ir/index.ts'
import type { ContainerConfig, ImageConfig, Platform } from '../../src/oci/index.ts'

export const amd64 = { os: 'linux', architecture: 'amd64' } as const

/** What a test sets; images are given by their config alone, and all others are empty. */
export interface LowerSetup extends Partial<ProgramOptions> {
  readonly images?: Readonly<Record<string, ContainerConfig>>
  /** Platform that all of them are for, whatever was asked. */
  readonly storedPlatform?: Platform
  /** Text of the ignore file. */
  readonly ignore?: string
}

export interface Lowered {
  readonly result: LowerResult
  /** Keys of the images that were asked for, by round. */
  readonly rounds: readonly (readonly NeededImage[])[]
}

/** Parses and lowers, answering every question, until there is a result. */
export function lowerText(text: string, setup: LowerSetup = {}): Lowered {
  const source = sourceFile('Dockerfile', text)
  const { images: given = {}, storedPlatform, ignore, ...chosen } = setup
  const options = { buildArgs: {}, buildPlatform: amd64, targetPlatform: amd64, ...chosen }
  const images = new Map<string, ImageConfig>()
  const triggers = new Map<string, ReturnType<typeof parseTrigger>>()
  const rounds: (readonly NeededImage[])[] = []
  const parsed = parseDockerfile(source)
  const excludedBy = ignore === undefined ? undefined : ignoredBy(ignore)
  for (let round = 0; round < 20; round++) {
    const result = lowerDockerfile(parsed, source, options, { images, triggers, excludedBy })
    if (result.kind === 'needs-images') {
      rounds.push(result.images)
      for (const { key, platform } of result.images) {
        images.set(key, { platform: storedPlatform ?? platform, config: given[key] ?? {}, diffIds: [], history: [] })
      }
    } else if (result.kind === 'needs-triggers') {
      for (const { text: trigger, sourceName } of result.triggers) {
        triggers.set(trigger, parseTrigger(trigger, sourceName))
      }
    } else return { result, rounds }
  }
  throw new Error('lowering does not come to an end')
}

function ignoredBy(text: string): LowerFacts['excludedBy'] {
  const { matcher } = parseIgnore(text, '.dockerignore')
  return (path) => {
    const rule = matcher.excludedBy(path)
    return rule && { file: matcher.fileName, line: rule.line, text: rule.text }
  }
}

/** The program; throws with the diagnostics when there is none. */
export function programOf(text: string, setup?: LowerSetup): Program {
  const { result } = lowerText(text, setup)
  if (result.kind !== 'program') throw new Error(JSON.stringify(result))
  return result.program
}

/** The target stage. */
export function stageOf(text: string, setup?: LowerSetup): Stage {
  const { stages, target } = programOf(text, setup)
  const stage = stages.find((candidate) => candidate.index === target)
  if (stage === undefined) throw new Error('no target')
  return stage
}

/** The operations of one kind in the target stage. */
export function operationsOf<K extends Operation['kind']>(
  kind: K,
  text: string,
  setup?: LowerSetup,
): Extract<Operation, { kind: K }>[] {
  const isWanted = (operation: Operation): operation is Extract<Operation, { kind: K }> => operation.kind === kind
  return stageOf(text, setup).operations.filter(isWanted)
}

/** `code: message` of everything there is to say. */
export function problemsOf(text: string, setup?: LowerSetup): string[] {
  const { result } = lowerText(text, setup)
  const diagnostics =
    result.kind === 'program' ? result.program.diagnostics : result.kind === 'failed' ? result.diagnostics : []
  return diagnostics.map(({ code, message }) => `${code}: ${message}`)
}
