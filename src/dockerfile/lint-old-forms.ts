import type { EnvInstruction, Instruction, LabelInstruction } from './ast.ts'
import type { Problems } from './problems.ts'

/** MaintainerDeprecated and LegacyKeyValueFormat. */
export function lintOldForms(instructions: readonly Instruction[], problems: Problems): void {
  for (const instruction of instructions) {
    const { kind } = instruction
    if (kind === 'onbuild') lintOldForms([instruction.trigger], problems)
    else if (kind === 'env' || kind === 'label') lintLegacyPair(instruction, problems)
    else if (kind === 'maintainer') {
      const message = 'Maintainer instruction is deprecated in favor of using label'
      const { text } = instruction.author
      const label = `LABEL org.opencontainers.image.authors=${JSON.stringify(text)}`
      problems.warning('maintainer-deprecated', message, instruction.span, {
        hint: `write ${label}`,
        // Nothing is expanded in MAINTAINER, and quotes stay.
        fix: /["$\\`]/.test(text)
          ? undefined
          : { title: 'use a label', edits: [{ span: instruction.span, text: label }] },
      })
    }
  }
}

function lintLegacyPair(instruction: EnvInstruction | LabelInstruction, problems: Problems): void {
  const [pair] = instruction.pairs
  if (!instruction.legacy || pair === undefined) return
  const keyword = instruction.kind.toUpperCase()
  const message = `"${keyword} key=value" should be used instead of legacy "${keyword} key value" format`
  const { name, value } = pair
  const text = pairText(name.text, value.text)
  // A value over several lines may have comments in between, which an edit would lose.
  const isWhole = value.span.end - value.span.start === value.text.length
  problems.warning('legacy-key-value-format', message, instruction.span, {
    hint: `write ${keyword} ${text ?? `${name.text}="…"`}`,
    fix: text === undefined || !isWhole ? undefined : { title: 'write name=value', edits: [{ span: pair.span, text }] },
  })
}

/** The pair in the new form, where that expands to the same for certain: no quotes and no escapes. */
function pairText(name: string, value: string): string | undefined {
  if (!/^[\w.-]+$/.test(name) || /['"\\`]/.test(value)) return undefined
  return /\s/.test(value) ? `${name}="${value}"` : `${name}=${value}`
}
