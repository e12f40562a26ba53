import type { FunctionCall } from './function-call.ts'

interface Version {
  readonly numbers: readonly [number, number, number]
  readonly pre: readonly string[]
  /** Parts that were written. */
  readonly depth: number
}

const version = /^v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/

function parseVersion(text: string): Version | undefined {
  const [whole, ...found] = version.exec(text.trim()) ?? []
  if (whole === undefined) return undefined
  const parts = found.slice(0, 3)
  const open = parts.findIndex((part) => part === undefined || /^[xX*]$/.test(part))
  const number = (at: number): number => (open >= 0 && at >= open ? 0 : Number(parts[at]))
  const pre = found[3]
  return {
    numbers: [number(0), number(1), number(2)],
    pre: pre === undefined ? [] : pre.split('.'),
    depth: open < 0 ? 3 : open,
  }
}

function compare(a: Version, b: Version): number {
  for (const [at, number] of a.numbers.entries()) {
    const other = b.numbers[at] ?? 0
    if (number !== other) return number - other
  }
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length
  for (let at = 0; at < Math.max(a.pre.length, b.pre.length); at++) {
    const order = comparePart(a.pre[at], b.pre[at])
    if (order !== 0) return order
  }
  return 0
}

function comparePart(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1
  const [first, second] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (first && second) return Number(a) - Number(b)
  if (first !== second) return first ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

/** The first version above all that share the first `depth` numbers. */
function after({ numbers }: Version, depth: number): Version {
  const [major, minor, patch] = numbers
  const raised = depth <= 1 ? [major + 1, 0, 0] : depth === 2 ? [major, minor + 1, 0] : [major, minor, patch + 1]
  return { numbers: [raised[0] ?? 0, raised[1] ?? 0, raised[2] ?? 0], pre: [], depth: 3 }
}

/**
 * `semvercmp(version, constraint)`: `>=1.2, <2`, `^1.2`, `~1.2.3`, `1.x`, `1.0 - 2.0`, joined by `||`. A version with a pre-release
 * satisfies only a constraint that has one, as Masterminds' semver has it, which bake uses.
 */
export function semverCompare(call: FunctionCall): boolean {
  const [text, constraints] = [call.text(0), call.text(1)]
  const given = parseVersion(text)
  if (given === undefined) throw call.failed(`"${text}" is no version such as 1.2.3`)
  return constraints.split('||').some((all) => terms(all).every((term) => satisfies(call, given, term)))
}

function terms(text: string): readonly string[] {
  const ranged = text.replace(/(\S+)\s+-\s+(\S+)/g, '>=$1,<=$2')
  return (ranged.match(/(?:=|==|!=|>=|<=|=>|=<|>|<|~>|~|\^)?\s*[^\s,]+/g) ?? []).map((term) =>
    term.replaceAll(/\s/g, ''),
  )
}

function satisfies(call: FunctionCall, given: Version, term: string): boolean {
  const [, sign = '', text = ''] = /^([=!<>~^]*)(.*)$/.exec(term) ?? []
  const wanted = text === '*' ? parseVersion('x') : parseVersion(text)
  if (wanted === undefined) throw call.failed(`"${term}" is no constraint such as >=1.2`, 1)
  if (given.pre.length > 0 && wanted.pre.length === 0) return false
  const below = (limit: Version): boolean => compare(given, limit) < 0
  const atLeast = compare(given, wanted) >= 0
  const inPart = (depth: number): boolean => depth === 0 || (atLeast && below(after(wanted, depth)))
  switch (sign) {
    case '':
    case '=':
    case '==':
      return wanted.depth === 3 ? compare(given, wanted) === 0 : inPart(wanted.depth)
    case '!=':
      return !(wanted.depth === 3 ? compare(given, wanted) === 0 : inPart(wanted.depth))
    case '>':
      return wanted.depth === 3 ? compare(given, wanted) > 0 : wanted.depth > 0 && !below(after(wanted, wanted.depth))
    case '>=':
    case '=>':
      return atLeast
    case '<':
      return below(wanted)
    case '<=':
    case '=<':
      return wanted.depth === 3 ? compare(given, wanted) <= 0 : wanted.depth === 0 || below(after(wanted, wanted.depth))
    case '~':
    case '~>':
      return inPart(Math.min(wanted.depth, 2))
    case '^': {
      const zeros = wanted.numbers.findIndex((number) => number !== 0)
      return inPart(zeros < 0 ? wanted.depth : Math.min(zeros + 1, Math.max(1, wanted.depth)))
    }
    default:
      throw call.failed(`"${term}" is no constraint such as >=1.2`, 1)
  }
}
