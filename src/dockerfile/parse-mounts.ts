import { findMountOption, mountOptionNames, mountOptionRule } from '../../grammar/index.ts'
import { nearest, replacing, type Span } from '../base/index.ts'
import type { Flag, MountFlag, MountOption } from './ast.ts'
import type { InstructionText } from './instruction-text.ts'

/**
 * Takes the `--mount` flags of a RUN apart: comma-separated `name=value` fields, one in double quotes may hold commas.
 * Undefined after reporting the first that is malformed or names an unknown option. What the values mean is looked at
 * when they are expanded.
 */
export function parseMounts(at: InstructionText, flags: readonly Flag<'run'>[]): readonly MountFlag[] | undefined {
  const mounts: MountFlag[] = []
  for (const flag of flags) {
    if (flag.name !== 'mount') continue
    const options = parseOptions(at, flag)
    if (options === undefined) return undefined
    mounts.push({ options, span: flag.span })
  }
  return mounts
}

function parseOptions(at: InstructionText, flag: Flag<'run'>): readonly MountOption[] | undefined {
  const fields = splitFields(flag.value)
  if (fields === undefined) {
    const message = `invalid --mount: the quote in ${flag.value} is not closed, or goes on behind its end`
    at.problems.error('invalid-mount-option', message, flag.valueSpan, { hint: 'quote a whole field: "target=/a,b"' })
    return undefined
  }
  const options: MountOption[] = []
  for (const field of fields) {
    const option = parseOption(at, flag, field)
    if (option === undefined) return undefined
    options.push(option)
  }
  return options
}

/** A field without its quotes; `exact` when every character of it stands where it stood. */
interface Field {
  readonly text: string
  readonly start: number
  readonly end: number
  readonly exact: boolean
}

/** The fields of a line of CSV (RFC 4180); undefined for a quote that does not end where a field ends. */
function splitFields(line: string): Field[] | undefined {
  const fields: Field[] = []
  for (let start = 0; start <= line.length; ) {
    const quoted = line[start] === '"'
    const pattern = quoted ? /"((?:[^"]|"")*)"(?=,|$)/y : /([^,]*)/y
    pattern.lastIndex = start
    const match = pattern.exec(line)
    if (match === null) return undefined
    const end = start + match[0].length
    fields.push({ text: (match[1] ?? '').replaceAll('""', '"'), start, end, exact: !quoted })
    start = end + 1
  }
  return fields
}

function parseOption(at: InstructionText, flag: Flag<'run'>, field: Field): MountOption | undefined {
  const equals = field.text.indexOf('=')
  const keyword = equals < 0 ? field.text : field.text.slice(0, equals)
  const span = partOf(flag, field.start, field.end)
  const name = findMountOption(keyword)
  if (name === undefined) return unknownOption(at, field, keyword, span)
  if (equals >= 0) {
    const valueSpan = field.exact ? partOf(flag, field.start + equals + 1, field.end) : span
    return { name, keyword, value: { text: field.text.slice(equals + 1), span: valueSpan }, span }
  }
  if (mountOptionRule(name).bare) return { name, keyword, span }
  const message = `invalid field '${field.text}' of --mount: it must be a key=value pair`
  at.problems.error('invalid-mount-option', message, span, { hint: `write ${keyword}=VALUE` })
  return undefined
}

function unknownOption(at: InstructionText, field: Field, keyword: string, span: Span): undefined {
  if (keyword === '') {
    const message = `invalid field '${field.text}' of --mount: it must be a key=value pair`
    at.problems.error('invalid-mount-option', message, span, { hint: 'write e.g. --mount=type=cache,target=/cache' })
    return
  }
  const guess = nearest(
    keyword,
    mountOptionNames.flatMap((name) => [name, ...mountOptionRule(name).aliases]),
  )
  const also = guess === undefined ? '' : ` (did you mean ${guess}?)`
  at.problems.error('unknown-mount-option', `unexpected key '${keyword}' in '${field.text}'${also}`, span, {
    hint: `--mount takes ${mountOptionNames.join(', ')}`,
    fix:
      guess === undefined || span.end - span.start !== field.text.length
        ? undefined
        : replacing({ start: span.start, end: span.start + keyword.length }, guess),
  })
}

/** A part of a flag's value; the whole value when quotes or a continuation moved its characters. */
function partOf({ value, valueSpan }: Flag<'run'>, start: number, end: number): Span {
  if (valueSpan.end - valueSpan.start !== value.length) return valueSpan
  return { start: valueSpan.start + start, end: valueSpan.start + end }
}
