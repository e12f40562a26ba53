import { type InstructionKind, instructionRule } from '../../grammar/index.ts'
import type { Flag } from '../dockerfile/index.ts'
import type { InstructionSite } from './instruction-site.ts'

/** Reports the first flag that parses but cannot be built yet; true when there is one. */
export function reportUnsupportedFlags<K extends InstructionKind>(
  site: InstructionSite,
  kind: K,
  flags: readonly Flag<K>[],
): boolean {
  const { keyword, flags: rules } = instructionRule(kind)
  for (const flag of flags) {
    const rule = rules.find((candidate) => candidate.name === flag.name)
    if (rule === undefined || rule.executed || (rule.type === 'boolean' && flag.value === 'false')) continue
    const others = rules.filter((other) => other.executed).map((other) => `--${other.name}`)
    site.error('not-supported', `${keyword} --${flag.name} is not supported`, site.span(flag), {
      hint: `${keyword} supports ${others.join(', ')}`,
    })
    return true
  }
  return false
}
