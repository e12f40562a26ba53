import { nearest, ToolError } from '../base/index.ts'
import { type KanikoFlag, kanikoFlags } from './kaniko-flags.ts'

/** Values of kaniko's flags by name, in the order given; one that takes none has `true` or `false`. */
export type KanikoValues = ReadonlyMap<string, readonly string[]>

/**
 * Reads words as kaniko does: `--name=value`, `--name value`, `-n value`; a flag that takes no value may have `=true` or
 * `=false`. Throws `ToolError` `usage`.
 */
export function parseKaniko(words: readonly string[]): KanikoValues {
  const values = new Map<string, string[]>()
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    const equals = word.indexOf('=')
    const written = equals < 0 ? word : word.slice(0, equals)
    const flag = findFlag(written)
    let value = equals < 0 ? undefined : word.slice(equals + 1)
    if (value === undefined && flag.takes === 'nothing') value = 'true'
    value ??= words[++index]
    if (value === undefined)
      throw new ToolError('usage', `${written} needs a value`, { hint: `write ${written}=VALUE` })
    if (flag.takes === 'nothing' && value !== 'true' && value !== 'false') {
      throw new ToolError('usage', `${written} is true or false, not "${value}"`, { hint: `write ${written}=true` })
    }
    values.set(flag.name, [...(values.get(flag.name) ?? []), value])
  }
  return values
}

function findFlag(written: string): KanikoFlag {
  const found = kanikoFlags.find(
    ({ name, alias, short }) => written === `--${name}` || written === `--${alias}` || written === `-${short}`,
  )
  if (found !== undefined) return found
  if (!written.startsWith('-')) {
    throw new ToolError('usage', `"${written}" is no flag, and kaniko takes nothing else`, {
      hint: 'the context is --context dir://PATH',
    })
  }
  const name = nearest(
    written.replace(/^-+/, ''),
    kanikoFlags.map((flag) => flag.name),
  )
  throw new ToolError('usage', `kaniko has no flag ${written}`, {
    hint: name === undefined ? 'longshore kaniko --help lists them' : `did you mean --${name}?`,
  })
}
