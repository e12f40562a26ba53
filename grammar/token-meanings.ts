import { tokenName } from './grammar-nodes.ts'
import { Assignment, Flag, JsonString, Key, Pair, Rest, Word } from './tokens.ts'

/** What the classes of text in the grammar stand for. */
export const tokenMeanings: readonly { readonly name: string; readonly meaning: string }[] = [
  { type: Flag, meaning: '--name or --name=value, in front of every argument; quotes hold blanks together' },
  { type: Word, meaning: 'anything up to the next blank' },
  { type: Pair, meaning: 'a word with an = in it; quotes and the escape character hold blanks together' },
  { type: Assignment, meaning: 'a name, or a name with = and a value, quoted as a pair is' },
  { type: Key, meaning: 'the first word after the flags' },
  { type: Rest, meaning: 'everything up to the end of the logical line' },
  { type: JsonString, meaning: 'a string in double quotes, as in JSON' },
].map(({ type, meaning }) => ({ name: tokenName(type.name), meaning }))
