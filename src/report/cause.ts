import { assertNever, sanitizeForTerminal } from '../base/index.ts'
import type { MissCause } from '../ports/index.ts'

/** A cause as one line of text; what came from files and arguments is made safe for a terminal. */
export function causeText(cause: MissCause): string {
  return sanitizeForTerminal(rawText(cause))
}

function rawText(cause: MissCause): string {
  switch (cause.kind) {
    case 'first-time':
      return 'not built before with this Dockerfile and context'
    case 'forgotten':
      return 'built before, but its result is no longer in the store'
    case 'no-cache':
      return 'no cache was wanted'
    case 'new-instruction':
      return 'a new instruction: no earlier build with this Dockerfile and context had it'
    case 'too-old':
      return 'built before, but longer ago than --cache-ttl allows'
    case 'canceled':
      return 'the last build was stopped before it was done'
    case 'failed':
      return `tried before with the same inputs, and failed${cause.exitCode === undefined ? '' : ` with exit code ${cause.exitCode}`}`
    case 'file':
      return `${cause.path}: ${fileChange(cause.change)}${cause.rule === undefined ? '' : ` (${cause.change === 'removed' ? 'left out' : 'taken in'} by ${cause.rule})`}`
    case 'files':
      return `the files it takes from ${cause.from} changed`
    case 'variable':
      return variableText(cause)
    case 'part':
      return `${partName(cause.name)}: was ${quote(cause.before)}, is ${quote(cause.after)}`
    case 'base':
      return baseText(cause)
    case 'step':
      return `it builds on another tree than before: see ${cause.label}`
    case 'waits':
      return `waits for ${cause.for}`
    default:
      return assertNever(cause)
  }
}

function fileChange(change: Extract<MissCause, { kind: 'file' }>['change']): string {
  switch (change) {
    case 'added':
      return 'added'
    case 'removed':
      return 'removed'
    case 'content':
      return 'content changed'
    case 'mode':
      return 'mode changed'
    case 'type':
      return 'is of another type than before'
    default:
      return assertNever(change)
  }
}

function variableText({ name, before, after }: Extract<MissCause, { kind: 'variable' }>): string {
  if (before === undefined) return `variable ${name} is new: ${quote(after ?? '')}`
  if (after === undefined) return `variable ${name} is gone; it was ${quote(before)}`
  return `variable ${name}: was ${quote(before)}, is ${quote(after)}`
}

function baseText({ reference, before, after }: Extract<MissCause, { kind: 'base' }>): string {
  if (before === undefined) return `its stage starts from ${reference} now`
  if (after === undefined) return `its stage no longer starts from ${reference}`
  return `the base image ${reference} changed: was ${shortId(before)}, is ${shortId(after)}`
}

/** Parts of a key by the words of the Dockerfile, where they have one. */
function partName(name: string): string {
  switch (name) {
    case 'args':
      return 'command'
    case 'cwd':
    case 'path':
      return 'WORKDIR'
    case 'user':
      return 'USER'
    case 'times':
      return 'file times'
    default:
      return name
  }
}

const longestValue = 120

function quote(value: string): string {
  return `"${value.length > longestValue ? `${value.slice(0, longestValue)}…` : value}"`
}

function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12)
}
