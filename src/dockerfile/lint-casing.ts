import type { TextEdit } from '../base/index.ts'
import type { FromInstruction, Instruction, Word } from './ast.ts'
import type { Problems } from './problems.ts'
import { stageReferences } from './stage-references.ts'

/** StageNameCasing, FromAsCasing and ConsistentInstructionCasing. */
export function lintCasing(instructions: readonly Instruction[], problems: Problems): void {
  for (const instruction of instructions) {
    if (instruction.kind !== 'from') continue
    lintStageName(instruction, instructions, problems)
    lintAs(instruction, problems)
  }
  lintKeywords(instructions, problems)
}

function lintStageName(from: FromInstruction, instructions: readonly Instruction[], problems: Problems): void {
  const name = from.alias?.name
  const lower = name?.text.toLowerCase()
  if (name === undefined || lower === undefined || name.text === lower) return
  const references = stageReferences(instructions).filter(({ text }) => text !== lower && text.toLowerCase() === lower)
  const edits = [name, ...references].filter(isWhole).map(({ span }): TextEdit => ({ span, text: lower }))
  problems.warning('stage-name-casing', `Stage name '${name.text}' should be lowercase`, name.span, {
    hint: `write ${lower}; references find it in any case`,
    fix: isWhole(name) ? { title: `write ${lower}`, edits } : undefined,
  })
}

/** A FROM in mixed casing is left to the rule about keywords. */
function lintAs({ keyword: { text: keyword }, alias }: FromInstruction, problems: Problems): void {
  if (alias === undefined || casingOf(keyword) === 'mixed') return
  const { as } = alias
  const wanted = casingOf(keyword) === 'lowercase' ? 'as' : 'AS'
  if (as.text === wanted) return
  problems.warning('from-as-casing', `'${as.text}' and '${keyword}' keywords' casing do not match`, as.span, {
    hint: `write ${wanted}`,
    fix: { title: `write ${wanted}`, edits: [{ span: as.span, text: wanted }] },
  })
}

/** Every keyword in the casing of most; global ARGs have no vote and get no warning, mixed casing has none. */
function lintKeywords(instructions: readonly Instruction[], problems: Problems): void {
  const firstFrom = instructions.findIndex(({ kind }) => kind === 'from')
  const counted = firstFrom < 0 ? [] : instructions.slice(firstFrom)
  const count = (casing: string): number => counted.filter(({ keyword }) => casingOf(keyword.text) === casing).length
  const majority = count('lowercase') > count('uppercase') ? 'lowercase' : 'uppercase'
  for (const instruction of counted) {
    const { keyword } = instruction
    if (casingOf(keyword.text) === majority) continue
    const wanted = inCasing(keyword.text, majority)
    const message = `Command '${keyword.text}' should match the case of the command majority (${majority})`
    const edits: TextEdit[] = [{ span: keyword.span, text: wanted }]
    if (instruction.kind === 'from' && instruction.alias !== undefined) {
      const { as } = instruction.alias
      edits.push({ span: as.span, text: inCasing(as.text, majority) })
    }
    problems.warning('consistent-instruction-casing', message, keyword.span, {
      hint: `write ${wanted}`,
      fix: isWhole(keyword) ? { title: `write ${wanted}`, edits } : undefined,
    })
  }
}

function casingOf(word: string): 'lowercase' | 'uppercase' | 'mixed' {
  if (word === word.toLowerCase()) return 'lowercase'
  return word === word.toUpperCase() ? 'uppercase' : 'mixed'
}

function inCasing(word: string, casing: 'lowercase' | 'uppercase'): string {
  return casing === 'lowercase' ? word.toLowerCase() : word.toUpperCase()
}

/** False for a word that a continuation splits, which no edit should touch. */
function isWhole({ text, span }: Word): boolean {
  return span.end - span.start === text.length
}
