import type { ContextEntry } from './context-entry.ts'

/** A random build: a Dockerfile in pieces, and its context. */
export interface FuzzCase {
  /** Lines in front: directives, global ARGs, FROM. */
  readonly head: readonly string[]
  /** Pieces that can be taken out one by one: instructions, or in builds with many results whole stages. */
  readonly units: readonly Unit[]
  readonly lineEnd: '\n' | '\r\n'
  readonly entries: readonly ContextEntry[]
  readonly buildArgs: Readonly<Record<string, string>>
}

/** Instructions, each as it is written, continuation lines and all. */
export type Unit = readonly string[]

/** What is compared: the config of the last stage, or the tree of every unit's stage. */
export type Area = 'text' | 'copy' | 'ignore'

/** The Dockerfile. Units that are stages get numbers, and a last stage collects their trees below `/0`, `/1` …. */
export function dockerfileText(each: FuzzCase, area: Area): string {
  const lines = area === 'text' ? [...each.head, ...each.units.flat()] : stagesText(each)
  return `${lines.join('\n')}\n`.replaceAll('\n', each.lineEnd)
}

function stagesText({ head, units }: FuzzCase): string[] {
  const stages = units.flatMap((unit, index) => [`FROM base AS s${index}`, ...unit])
  return [...head, ...stages, 'FROM scratch', ...units.map((_, index) => `COPY --from=s${index} / /${index}/`)]
}

/** The line that Longshore's message names, from 1 on. */
export function failingLine(output: string): number | undefined {
  const found = /^(?:\S*\/)?Dockerfile:(\d+)/m.exec(output)?.[1]
  return found === undefined ? undefined : Number(found)
}

/** Index of the unit that a line belongs to, or -1. */
export function unitOfLine({ head, units }: FuzzCase, area: Area, line: number): number {
  const linesOf = (texts: readonly string[]) => texts.join('\n').split('\n').length
  let end = linesOf(head)
  return units.findIndex((unit) => {
    const start = end
    end += linesOf(unit) + (area === 'text' ? 0 : 1)
    return line > start && line <= end
  })
}
