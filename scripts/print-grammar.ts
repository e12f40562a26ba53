// Prints the pages that describe the language from the language itself; a test compares them with what is checked in.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { printGrammar } from '../grammar/print-grammar.ts'
import { printRailroad } from '../grammar/print-railroad.ts'
import { printSupport } from '../grammar/print-support.ts'

const docs = join(import.meta.dirname, '../docs')
writeFileSync(join(docs, 'grammar.ebnf'), printGrammar())
writeFileSync(join(docs, 'grammar.html'), printRailroad())
writeFileSync(join(docs, 'dockerfile-support.md'), printSupport())
