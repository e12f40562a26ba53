import { assertNever } from '../src/base/index.ts'
import {
  fileProductions,
  type GrammarNode,
  type GrammarProduction,
  instructionProductions,
  ruleProductions,
} from './grammar-nodes.ts'
import { instructionRule } from './instructions.ts'

/**
 * The language as EBNF: a production for each instruction, from the table, then one for each rule of the argument
 * parser, from what it recorded of itself. Tokens are words in capitals or quoted; tokens.ts defines them.
 */
export function printGrammar(): string {
  const instructions = instructionProductions().map(({ kind, name, node }) => {
    const flags = instructionRule(kind).flags.map((flag) =>
      flag.type === 'boolean' ? `--${flag.name}` : `--${flag.name}=VALUE`,
    )
    return `${name} = ${printNode(node)} ;${flags.length === 0 ? '' : ` (* flags: ${flags.join(' ')} *)`}`
  })
  const plain = ({ name, node }: GrammarProduction): string => `${name} = ${printNode(node)} ;`
  return [...fileProductions().map(plain), '', ...instructions, '', ...ruleProductions().map(plain), ''].join('\n')
}

function printNode(node: GrammarNode): string {
  switch (node.kind) {
    case 'token':
      return node.literal ? `"${node.text}"` : node.text
    case 'rule':
      return node.name
    case 'sequence':
      return node.items.map(printNode).join(' ')
    case 'choice':
      return `( ${node.items.map(printNode).join(' | ')} )`
    case 'option':
      return `[ ${printNode(node.item)} ]`
    case 'repeat': {
      const item = printNode(node.item)
      const more = node.separator === undefined ? `{ ${item} }` : `{ ${printNode(node.separator)} ${item} }`
      if (node.atLeastOnce) return `${item} ${more}`
      return node.separator === undefined ? more : `[ ${item} ${more} ]`
    }
    default:
      return assertNever(node)
  }
}
