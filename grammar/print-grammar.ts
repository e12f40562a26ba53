import {
  type IProduction,
  NonTerminal,
  Option,
  Repetition,
  RepetitionMandatory,
  RepetitionWithSeparator,
  Terminal,
} from 'chevrotain'
import { invariant } from '../src/base/index.ts'
import { ArgumentParser } from './argument-parser.ts'
import { type InstructionKind, type InstructionRule, instructionKinds, instructionRule } from './instructions.ts'

/**
 * The language as EBNF: a production for each instruction, from the table, then one for each rule of the argument
 * parser, from what it recorded of itself. Tokens are words in capitals or quoted; tokens.ts defines them.
 */
export function printGrammar(): string {
  const rules = Object.values(new ArgumentParser(false).getGAstProductions())
  return [
    ...instructionKinds.map(instructionProduction),
    '',
    ...rules.map((rule) => `${rule.name} = ${sequence(rule.definition)} ;`),
    '',
  ].join('\n')
}

function instructionProduction(kind: InstructionKind): string {
  const rule = instructionRule(kind)
  const flags = rule.flags.map(({ name, type }) => (type === 'boolean' ? `--${name}` : `--${name}=VALUE`))
  const note = flags.length === 0 ? '' : ` (* flags: ${flags.join(' ')} *)`
  return `${rule.keyword} = "${rule.keyword}" ${argumentForms(rule)} ;${note}`
}

function argumentForms({ shape, json }: InstructionRule): string {
  switch (shape) {
    case 'pairs':
      return '( pairs | legacyPair )'
    case 'command':
      return '( flags exec | text )'
    case 'exec':
      return 'flags exec'
    case 'health':
      return '( health | flags "CMD" exec )'
    case 'trigger':
      return 'instruction'
    default:
      return json ? `( flags exec | ${shape} )` : shape
  }
}

function sequence(productions: readonly IProduction[]): string {
  return productions.map(printProduction).join(' ')
}

function printProduction(production: IProduction): string {
  if (production instanceof Terminal) return printToken(production.terminalType)
  if (production instanceof NonTerminal) return production.nonTerminalName
  if (production instanceof Option) return `[ ${sequence(production.definition)} ]`
  if (production instanceof Repetition) return `{ ${sequence(production.definition)} }`
  if (production instanceof RepetitionMandatory) {
    const once = sequence(production.definition)
    return `${once} { ${once} }`
  }
  invariant(production instanceof RepetitionWithSeparator, 'the grammar uses a production that is not printed yet')
  const item = sequence(production.definition)
  return `[ ${item} { ${printToken(production.separator)} ${item} } ]`
}

function printToken({ name, LABEL }: { readonly name: string; readonly LABEL?: string }): string {
  const isMark = LABEL !== undefined && /^(?:\W+|AS)$/.test(LABEL)
  return isMark ? `"${LABEL}"` : name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toUpperCase()
}
