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

/** A piece of the grammar, for printing. */
export type GrammarNode =
  /** `literal` is text as users write it; the rest are classes of text. */
  | { readonly kind: 'token'; readonly text: string; readonly literal: boolean }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'sequence'; readonly items: readonly GrammarNode[] }
  | { readonly kind: 'choice'; readonly items: readonly GrammarNode[] }
  | { readonly kind: 'option'; readonly item: GrammarNode }
  | {
      readonly kind: 'repeat'
      readonly item: GrammarNode
      readonly atLeastOnce: boolean
      readonly separator?: GrammarNode
    }

/** A named piece of the grammar. */
export interface GrammarProduction {
  readonly name: string
  readonly node: GrammarNode
}

/** One production for each instruction, out of the table. */
export function instructionProductions(): readonly (GrammarProduction & { readonly kind: InstructionKind })[] {
  return instructionKinds.map((kind) => {
    const rule = instructionRule(kind)
    return { kind, name: rule.keyword, node: sequence(token(rule.keyword), argumentForms(rule)) }
  })
}

/** How instructions make a file: global ARGs, then stages; and what may follow ONBUILD. */
export function fileProductions(): readonly GrammarProduction[] {
  const keywords = (wanted: (rule: InstructionRule) => boolean): GrammarNode =>
    choice(
      ...instructionKinds
        .map(instructionRule)
        .filter(wanted)
        .map(({ keyword }) => rule(keyword)),
    )
  const many = (item: GrammarNode, atLeastOnce: boolean): GrammarNode => ({ kind: 'repeat', item, atLeastOnce })
  return [
    { name: 'dockerfile', node: sequence(many(rule('ARG'), false), many(rule('stage'), true)) },
    { name: 'stage', node: sequence(rule('FROM'), many(rule('instruction'), false)) },
    { name: 'instruction', node: keywords(({ shape }) => shape !== 'from') },
    { name: 'trigger', node: keywords(({ trigger }) => trigger) },
  ]
}

/** One production for each rule of the argument parser, out of what it recorded of itself. */
export function ruleProductions(): readonly GrammarProduction[] {
  const rules = Object.values(new ArgumentParser(false).getGAstProductions())
  return rules.map(({ name, definition }) => ({ name, node: nodeOf(definition) }))
}

function argumentForms({ shape, json }: InstructionRule): GrammarNode {
  switch (shape) {
    case 'pairs':
      return choice(rule('pairs'), rule('legacyPair'))
    case 'command':
      return choice(sequence(rule('flags'), rule('exec')), rule('text'))
    case 'exec':
      return sequence(rule('flags'), rule('exec'))
    case 'health':
      return choice(rule('health'), sequence(rule('flags'), token('CMD'), rule('exec')))
    case 'trigger':
      return rule('trigger')
    default:
      return json ? choice(sequence(rule('flags'), rule('exec')), rule(shape)) : rule(shape)
  }
}

function nodeOf(productions: readonly IProduction[]): GrammarNode {
  const nodes = productions.map(productionNode)
  const [only] = nodes
  return nodes.length === 1 && only !== undefined ? only : sequence(...nodes)
}

function productionNode(production: IProduction): GrammarNode {
  if (production instanceof Terminal) return tokenNode(production.terminalType)
  if (production instanceof NonTerminal) return rule(production.nonTerminalName)
  if (production instanceof Option) return { kind: 'option', item: nodeOf(production.definition) }
  if (production instanceof Repetition) {
    return { kind: 'repeat', item: nodeOf(production.definition), atLeastOnce: false }
  }
  if (production instanceof RepetitionMandatory) {
    return { kind: 'repeat', item: nodeOf(production.definition), atLeastOnce: true }
  }
  invariant(production instanceof RepetitionWithSeparator, 'the grammar uses a production that is not printed yet')
  const separator = tokenNode(production.separator)
  return { kind: 'repeat', item: nodeOf(production.definition), atLeastOnce: false, separator }
}

function tokenNode({ name, LABEL }: { readonly name: string; readonly LABEL?: string }): GrammarNode {
  if (LABEL !== undefined && /^(?:\W+|AS)$/.test(LABEL)) return token(LABEL)
  return { kind: 'token', text: tokenName(name), literal: false }
}

/** A token's name as the grammar prints it: `JsonString` is `JSON-STRING`. */
export function tokenName(name: string): string {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toUpperCase()
}

function token(text: string): GrammarNode {
  return { kind: 'token', text, literal: true }
}

function rule(name: string): GrammarNode {
  return { kind: 'rule', name }
}

function sequence(...items: GrammarNode[]): GrammarNode {
  return { kind: 'sequence', items }
}

function choice(...items: GrammarNode[]): GrammarNode {
  return { kind: 'choice', items }
}
