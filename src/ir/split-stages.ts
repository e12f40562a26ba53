import type { ArgInstruction, FromInstruction, Instruction } from '../dockerfile/index.ts'

/** A stage as written. */
export interface SourceStage {
  /** From 0, in the order of the file. */
  readonly index: number
  /** The AS name in lower case. */
  readonly name?: string
  readonly from: FromInstruction
  /** What follows the FROM. */
  readonly instructions: readonly Instruction[]
}

/** The file cut at its FROMs: global ARGs in front, then the stages. */
export interface SourceStages {
  readonly globals: readonly ArgInstruction[]
  readonly stages: readonly SourceStage[]
}

export function splitStages(instructions: readonly Instruction[]): SourceStages {
  const globals: ArgInstruction[] = []
  const stages: (SourceStage & { readonly instructions: Instruction[] })[] = []
  for (const instruction of instructions) {
    if (instruction.kind === 'from') {
      const name = instruction.alias?.name.text.toLowerCase()
      const stage = { index: stages.length, from: instruction, instructions: [] }
      stages.push(name === undefined ? stage : { ...stage, name })
    } else if (stages.length > 0) stages.at(-1)?.instructions.push(instruction)
    else if (instruction.kind === 'arg') globals.push(instruction)
  }
  return { globals, stages }
}

/** The last stage called `name` (in any case) among the first `before`; later ones hide earlier ones. */
export function findStage(stages: readonly SourceStage[], name: string, before: number): SourceStage | undefined {
  const wanted = name.toLowerCase()
  return stages.slice(0, before).findLast((stage) => stage.name === wanted)
}

/** Names of stages, for "did you mean". */
export function stageNames(stages: readonly SourceStage[]): string[] {
  return stages.flatMap((stage) => stage.name ?? [])
}
