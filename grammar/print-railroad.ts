import { drawRailroad, escapeText } from './draw-railroad.ts'
import { fileProductions, type GrammarProduction, instructionProductions, ruleProductions } from './grammar-nodes.ts'
import { instructionRule } from './instructions.ts'
import { tokenMeanings } from './token-meanings.ts'

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2430; background: #fff }
h2, h3 { margin: 2rem 0 .25rem }
p { margin: .25rem 0 }
svg { max-width: 100%; height: auto; display: block }
svg path { fill: none; stroke: #5b6b7f; stroke-width: 1.5 }
svg circle { fill: #5b6b7f }
svg rect { stroke: #5b6b7f; stroke-width: 1.5 }
svg rect.literal { fill: #d8ecff }
svg rect.token { fill: #fff3cf }
svg rect.rule { fill: #eceff3 }
svg text { font: 14px ui-monospace, monospace; text-anchor: middle; fill: #1c2430 }
svg a:hover rect { fill: #cfd8e3 }
table { border-collapse: collapse; margin: .5rem 0 }
th, td { text-align: left; padding: .15rem 1rem .15rem 0; vertical-align: top }
code { font: 14px ui-monospace, monospace }
@media (prefers-color-scheme: dark) {
  body { color: #dde4ec; background: #14181d }
  a { color: #8ab8ff }
  svg rect.literal { fill: #1d4368 }
  svg rect.token { fill: #574a1e }
  svg rect.rule { fill: #2b333d }
  svg text { fill: #e8edf3 }
}
`.trim()

/** The page docs/grammar.html: a railroad diagram for each instruction and each rule of the parser. Stands on its own. */
export function printRailroad(): string {
  const instructions = instructionProductions()
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The Dockerfile grammar</title>
<style>
${style}
</style>
<h1>The Dockerfile grammar</h1>
<p>Printed from the rules that parse, by <code>npm run grammar</code>. Continuation lines are joined and comments dropped before
anything of this applies; keywords may be written in any case. Round boxes are text, square ones are rules.</p>
<p>${instructions.map(({ name }) => `<a href="#${name}">${name}</a>`).join(' · ')}</p>
<h2>Files</h2>
${plainSections(fileProductions())}
<h2>Instructions</h2>
${instructions.map(({ kind, name, node }) => section(name, `${instructionRule(kind).summary}`, drawRailroad(node), flagTable(kind))).join('\n')}
<h2>Rules</h2>
${plainSections(ruleProductions())}
<h2>Texts</h2>
<table>
${tokenMeanings.map(({ name, meaning }) => `<tr><td><code>${name}</code><td>${escapeText(meaning)}`).join('\n')}
</table>
`
}

function plainSections(productions: readonly GrammarProduction[]): string {
  return productions.map(({ name, node }) => section(name, '', drawRailroad(node), '')).join('\n')
}

function section(name: string, summary: string, diagram: string, after: string): string {
  const text = summary === '' ? '' : `<p>${escapeText(summary)}</p>\n`
  return `<h3 id="${name}">${name}</h3>\n${text}${diagram}${after}`
}

const values = { text: '=VALUE', list: '=VALUE, may be repeated', boolean: '[=true|false]' } as const

function flagTable(kind: Parameters<typeof instructionRule>[0]): string {
  const { flags, heredoc } = instructionRule(kind)
  const rows = flags.map(({ name, type, executed }) => {
    const note = executed ? '' : 'read, but not built yet'
    return `<tr><td><code>--${name}</code>${values[type]}<td>${note}`
  })
  if (heredoc !== 'none') {
    const note = heredoc === 'built' ? '' : 'read, but not built yet'
    rows.push(`<tr><td>heredocs, <code>&lt;&lt;NAME</code><td>${note}`)
  }
  return rows.length === 0 ? '' : `\n<table>\n${rows.join('\n')}\n</table>`
}
