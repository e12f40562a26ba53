import type {
  FromInstruction,
  MaintainerInstruction,
  StopsignalInstruction,
  UserInstruction,
  Word,
  WorkdirInstruction,
} from './ast.ts'
import type { InstructionText } from './instruction-text.ts'
import { readArguments } from './read-arguments.ts'

const stageNamePattern = /^[a-z][a-z0-9-_.]*$/

/** `FROM [--platform=P] image [AS name]`. */
export function parseFrom(at: InstructionText): FromInstruction | undefined {
  const read = readArguments(at, 'from', 'from')
  const [image, as, name] = read?.words ?? []
  if (read === undefined || image === undefined) return undefined
  const from = {
    kind: 'from',
    keyword: at.keyword,
    text: at.text,
    span: at.wholeSpan,
    flags: read.flags,
    image: at.word(image),
  } as const
  if (as === undefined || name === undefined) return from
  const alias = { as: at.word(as), name: at.word(name) }
  if (stageNamePattern.test(name.text.toLowerCase())) return { ...from, alias }
  const message = `invalid name for build stage: "${name.text}", name can't start with a number or contain symbols`
  const hint = 'a name begins with a letter and goes on with letters, digits, "-", "_" and ".", e.g. AS build'
  at.problems.error('invalid-stage-name', message, alias.name.span, { hint })
  return undefined
}

export function parseMaintainer(at: InstructionText): MaintainerInstruction | undefined {
  const read = readArguments(at, 'maintainer', 'text')
  const author = firstWord(at, read?.words)
  if (read === undefined || author === undefined) return undefined
  return { kind: 'maintainer', keyword: at.keyword, text: at.text, span: at.wholeSpan, flags: read.flags, author }
}

export function parseWorkdir(at: InstructionText): WorkdirInstruction | undefined {
  const read = readArguments(at, 'workdir', 'text')
  const path = firstWord(at, read?.words)
  if (read === undefined || path === undefined) return undefined
  return { kind: 'workdir', keyword: at.keyword, text: at.text, span: at.wholeSpan, flags: read.flags, path }
}

export function parseUser(at: InstructionText): UserInstruction | undefined {
  const read = readArguments(at, 'user', 'text')
  const user = firstWord(at, read?.words)
  if (read === undefined || user === undefined) return undefined
  return { kind: 'user', keyword: at.keyword, text: at.text, span: at.wholeSpan, flags: read.flags, user }
}

export function parseStopsignal(at: InstructionText): StopsignalInstruction | undefined {
  const read = readArguments(at, 'stopsignal', 'text')
  const signal = firstWord(at, read?.words)
  if (read === undefined || signal === undefined) return undefined
  return { kind: 'stopsignal', keyword: at.keyword, text: at.text, span: at.wholeSpan, flags: read.flags, signal }
}

function firstWord(
  at: InstructionText,
  pieces: readonly Parameters<InstructionText['word']>[0][] = [],
): Word | undefined {
  const [first] = pieces
  return first === undefined ? undefined : at.word(first)
}
