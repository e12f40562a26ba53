import { ToolError } from '../base/index.ts'
import { eventTypes, type JournalEvent } from '../journal/index.ts'

type Test = (event: JournalEvent) => boolean

const filters: Readonly<Record<string, (value: string) => Test>> = {
  type: (value) => {
    if (!eventTypes.some((type) => type === value)) {
      throw new ToolError('usage', `there are no events of the type "${value}"`, {
        hint: `there are those of ${eventTypes.join(', ')}`,
      })
    }
    return ({ type }) => type === value
  },
  // `health_status` stands for `health_status: healthy` too, `exec_create` for that of any command.
  event:
    (value) =>
    ({ action }) =>
      action === value || action.startsWith(`${value}:`),
  container: (value) => subject('container', value),
  network: (value) => subject('network', value),
  volume: (value) => subject('volume', value),
  image:
    (value) =>
    ({ type, id, attributes }) =>
      type === 'image'
        ? id === value || names(attributes['name']).includes(value)
        : type === 'container' && names(attributes['image']).includes(value),
  label: (value) => {
    const at = value.indexOf('=')
    const key = at < 0 ? value : value.slice(0, at)
    return ({ attributes }) => Object.hasOwn(attributes, key) && (at < 0 || attributes[key] === value.slice(at + 1))
  },
  scope: (value) => () => value === 'local',
}

/** By ID, name, or the beginning of one of them. */
function subject(wanted: JournalEvent['type'], value: string): Test {
  return ({ type, id, attributes }) =>
    type === wanted && (id.startsWith(value) || (attributes['name'] ?? '').startsWith(value))
}

/** A name with and without its tag. */
function names(text = ''): readonly string[] {
  return [text, text.replace(/:[^:/]*$/, '')]
}

/** Compiles `--filter KEY=VALUE` flags: of one key any may hold, of different keys all must. Throws `ToolError` `usage`. */
export function compileEventFilters(texts: readonly string[]): Test {
  const tests = new Map<string, Test[]>()
  for (const text of texts) {
    const [, key = '', value = ''] = /^([a-z]+)=(.*)$/s.exec(text) ?? []
    const compile = Object.hasOwn(filters, key) ? filters[key] : undefined
    if (compile === undefined) {
      throw new ToolError('usage', `there is no filter "${text}" of events`, {
        hint: `filters are KEY=VALUE, with the keys ${Object.keys(filters).join(', ')}`,
      })
    }
    tests.set(key, [...(tests.get(key) ?? []), compile(value)])
  }
  return (event) => [...tests.values()].every((some) => some.some((test) => test(event)))
}
