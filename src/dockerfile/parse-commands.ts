import type { InstructionKind } from '../../grammar/index.ts'
import type { Piece } from '../../grammar/parse-arguments.ts'
import { assertNever, nearest, replacing } from '../base/index.ts'
import type {
  CmdInstruction,
  Command,
  EntrypointInstruction,
  Flag,
  HealthcheckInstruction,
  RunInstruction,
  ShellInstruction,
} from './ast.ts'
import { checkHealthFlags, checkRunFlags } from './check-flag-values.ts'
import type { InstructionText } from './instruction-text.ts'
import { intendedArray } from './json-repair.ts'
import { parseMounts } from './parse-mounts.ts'
import { readArguments, readArray } from './read-arguments.ts'

export function parseRun(at: InstructionText): RunInstruction | undefined {
  const read = readCommand(at, 'run')
  if (read === undefined || !checkRunFlags(at, read.flags)) return undefined
  const mounts = parseMounts(at, read.flags)
  if (mounts === undefined) return undefined
  const { command } = read
  if (command.kind === 'exec' && command.args.length === 0) {
    const hint = 'name the program to run'
    at.problems.error('missing-arguments', 'RUN requires at least one argument', command.span, { hint })
    return undefined
  }
  return {
    kind: 'run',
    keyword: at.keyword,
    text: at.text,
    span: at.wholeSpan,
    flags: read.flags,
    command: read.command,
    mounts,
    heredocs: at.line.heredocs,
  }
}

export function parseCmd(at: InstructionText): CmdInstruction | undefined {
  const read = readCommand(at, 'cmd')
  return (
    read && {
      kind: 'cmd',
      keyword: at.keyword,
      text: at.text,
      span: at.wholeSpan,
      flags: read.flags,
      command: read.command,
    }
  )
}

export function parseEntrypoint(at: InstructionText): EntrypointInstruction | undefined {
  const read = readCommand(at, 'entrypoint')
  return (
    read && {
      kind: 'entrypoint',
      keyword: at.keyword,
      text: at.text,
      span: at.wholeSpan,
      flags: read.flags,
      command: read.command,
    }
  )
}

export function parseShell(at: InstructionText): ShellInstruction | undefined {
  const read = readCommand(at, 'shell')
  if (read === undefined) return undefined
  const { flags, command } = read
  if (command.kind === 'exec' && command.args.length > 0)
    return { kind: 'shell', keyword: at.keyword, text: at.text, span: at.wholeSpan, flags, command }
  reportNoShell(at, command)
  return undefined
}

function reportNoShell(at: InstructionText, command: Command): void {
  const { kind, span } = command
  const meant = kind === 'shell' ? intendedArray(command.text) : undefined
  const message =
    kind === 'exec'
      ? 'SHELL requires at least one argument'
      : `SHELL requires the arguments to be in JSON form, found "${command.text}"`
  at.problems.error('shell-not-json', message, span, {
    hint: `write SHELL ${meant ?? '["/bin/sh", "-c"]'}`,
    fix: meant === undefined ? undefined : replacing(span, meant),
  })
}

/** `HEALTHCHECK NONE`, or `HEALTHCHECK [flags] CMD command`. */
export function parseHealthcheck(at: InstructionText): HealthcheckInstruction | undefined {
  const read = readArguments(at, 'healthcheck', 'health')
  const [type, rest] = read?.words ?? []
  if (read === undefined || type === undefined || !checkHealthFlags(at, read.flags)) return undefined
  const fail = (message: string, hint: string, piece: Piece = rest ?? type): undefined => {
    at.problems.error('healthcheck-arguments', message, at.span(piece), { hint })
  }
  const word = type.text.toUpperCase()
  if (word === 'NONE') {
    if (rest !== undefined) return fail('HEALTHCHECK NONE takes no arguments', 'remove them')
    return { kind: 'healthcheck', keyword: at.keyword, text: at.text, span: at.wholeSpan, flags: read.flags }
  }
  if (word !== 'CMD') {
    reportHealthType(at, type)
    return undefined
  }
  if (rest === undefined) {
    return fail('Missing command after HEALTHCHECK CMD', 'write the command that checks')
  }
  const command = commandOf(at, rest)
  if (command === undefined) return undefined
  if (command.kind === 'exec' && command.args.length === 0) {
    return fail('Missing command after HEALTHCHECK CMD', 'write the command that checks')
  }
  return { kind: 'healthcheck', keyword: at.keyword, text: at.text, span: at.wholeSpan, flags: read.flags, command }
}

function reportHealthType(at: InstructionText, type: Piece): void {
  const span = at.span(type)
  const guess = nearest(type.text, ['CMD', 'NONE'])
  const inserted = replacing({ start: span.start, end: span.start }, 'CMD ', 'write CMD in front')
  const message = `Unknown type "${type.text}" in HEALTHCHECK (try ${guess ?? 'CMD'})`
  at.problems.error('healthcheck-arguments', message, span, {
    hint: 'write HEALTHCHECK [FLAGS] CMD COMMAND, or HEALTHCHECK NONE',
    fix: guess === undefined ? inserted : replacing(span, guess),
  })
}

function readCommand<K extends InstructionKind>(
  at: InstructionText,
  kind: K,
): { flags: readonly Flag<K>[]; command: Command } | undefined {
  const read = readArguments(at, kind, 'text')
  const [text] = read?.words ?? []
  const command = text && commandOf(at, text)
  return read === undefined || command === undefined ? undefined : { flags: read.flags, command }
}

/** JSON form or shell form of the same text; nothing in it is a flag any more. */
function commandOf(at: InstructionText, text: Piece): Command | undefined {
  const array = readArray(at, text)
  const span = at.span(text)
  switch (array.kind) {
    case 'strings':
      return { kind: 'exec', args: array.strings.map((piece) => at.word(piece)), span }
    case 'other-form':
      return { kind: 'shell', text: text.text, span }
    case 'failed':
      return undefined
    default:
      return assertNever(array)
  }
}
