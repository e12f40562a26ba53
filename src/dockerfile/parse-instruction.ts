import { type EscapeCharacter, type InstructionKind, instructionRule, isInstructionKind } from '../../grammar/index.ts'
import { assertNever } from '../base/index.ts'
import type { Instruction, OnbuildInstruction, TriggerInstruction } from './ast.ts'
import { InstructionText } from './instruction-text.ts'
import { parseCmd, parseEntrypoint, parseHealthcheck, parseRun, parseShell } from './parse-commands.ts'
import { parseArg, parseEnv, parseLabel } from './parse-pairs.ts'
import { parseFrom, parseMaintainer, parseStopsignal, parseUser, parseWorkdir } from './parse-single.ts'
import { parseAdd, parseCopy, parseExpose, parseVolume } from './parse-words.ts'
import type { Problems } from './problems.ts'
import { readArguments } from './read-arguments.ts'
import type { LogicalLine } from './scan-lines.ts'
import { reportUnknownInstruction } from './unknown-instruction.ts'

/**
 * Parses one logical line. Undefined when it is wrong: then `problems` has exactly one error more. `above` is the line
 * before it, which often explains what is wrong.
 */
export function parseInstruction(
  line: LogicalLine,
  escapeCharacter: EscapeCharacter,
  problems: Problems,
  above?: LogicalLine,
): Instruction | undefined {
  const at = new InstructionText(line, 0, escapeCharacter, problems)
  const kind = readKind(at, above)
  if (kind === undefined) return undefined
  switch (kind) {
    case 'from':
      return parseFrom(at)
    case 'maintainer':
      return parseMaintainer(at)
    case 'onbuild':
      return parseOnbuild(at)
    default:
      return parseTriggerable(at, kind)
  }
}

type TriggerKind = TriggerInstruction['kind']

function parseTriggerable(at: InstructionText, kind: TriggerKind): TriggerInstruction | undefined {
  switch (kind) {
    case 'arg':
      return parseArg(at)
    case 'env':
      return parseEnv(at)
    case 'label':
      return parseLabel(at)
    case 'run':
      return parseRun(at)
    case 'cmd':
      return parseCmd(at)
    case 'entrypoint':
      return parseEntrypoint(at)
    case 'shell':
      return parseShell(at)
    case 'copy':
      return parseCopy(at)
    case 'add':
      return parseAdd(at)
    case 'workdir':
      return parseWorkdir(at)
    case 'user':
      return parseUser(at)
    case 'expose':
      return parseExpose(at)
    case 'volume':
      return parseVolume(at)
    case 'stopsignal':
      return parseStopsignal(at)
    case 'healthcheck':
      return parseHealthcheck(at)
    default:
      return assertNever(kind)
  }
}

function parseOnbuild(at: InstructionText): OnbuildInstruction | undefined {
  if (at.arguments.startsWith('--') || at.arguments === '') {
    // Neither flags nor an empty line can be a trigger; the rule for text has the words for both.
    if (readArguments(at, 'onbuild', 'text') === undefined) return undefined
  }
  const inner = new InstructionText(at.line, at.argumentsStart, at.escape, at.problems)
  const kind = readKind(inner)
  if (kind === undefined) return undefined
  if (kind === 'from' || kind === 'maintainer' || kind === 'onbuild') {
    const { keyword } = instructionRule(kind)
    const message =
      kind === 'onbuild'
        ? "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"
        : `${keyword} isn't allowed as an ONBUILD trigger`
    const hint = 'any instruction but FROM, MAINTAINER and ONBUILD may follow ONBUILD'
    at.problems.error('onbuild-not-allowed', message, inner.keyword.span, { hint })
    return undefined
  }
  const trigger = parseTriggerable(inner, kind)
  if (trigger === undefined) return undefined
  return { kind: 'onbuild', keyword: at.keyword, text: at.text, span: at.wholeSpan, flags: [], trigger }
}

function readKind(at: InstructionText, above?: LogicalLine): InstructionKind | undefined {
  const kind = at.keyword.text.toLowerCase()
  if (isInstructionKind(kind)) return kind
  reportUnknownInstruction(at, above)
  return undefined
}
