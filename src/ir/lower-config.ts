import { assertNever, replacing } from '../base/index.ts'
import type {
  ArgInstruction,
  CmdInstruction,
  Command,
  EntrypointInstruction,
  EnvInstruction,
  ExposeInstruction,
  LabelInstruction,
  MaintainerInstruction,
  OnbuildInstruction,
  Pair,
  ShellInstruction,
  StopsignalInstruction,
  UserInstruction,
  VolumeInstruction,
  Word,
} from '../dockerfile/index.ts'
import { givenArg } from './build-args.ts'
import { expandIn, expandToWords, type Scope } from './expand-in-site.ts'
import { expandWord } from './expand-word.ts'
import { intendedPorts, parsePorts } from './exposed-ports.ts'
import type { GlobalScope } from './global-scope.ts'
import { goQuoteList } from './go-format.ts'
import type { InstructionSite } from './instruction-site.ts'
import { warnExposed, warnShellForm } from './lint-config.ts'
import type { StageState } from './stage-state.ts'
import { isSignal, nearestSignal } from './stop-signal.ts'
import type { ProgramOptions } from './types.ts'

/*
 * One function for each instruction that changes the config alone. Each returns the text of its history entry, or
 * undefined when there is none: after an error, and for ONBUILD.
 */

export function lowerArg(
  site: InstructionSite,
  arg: ArgInstruction,
  state: StageState,
  scope: Scope,
  globals: GlobalScope,
  options: ProgramOptions,
): string | undefined {
  const history: string[] = []
  for (const { name, value } of arg.assignments) {
    const key = expandIn(site, name, scope)
    if (key === undefined) return undefined
    const given = givenArg(options, key)
    const fallback = value === undefined ? undefined : argDefault(site, value, scope, given !== undefined)
    if (value !== undefined && fallback === undefined) return undefined
    state.variables.declareArg(key, given ?? (value === undefined ? globals.value(key) : fallback))
    history.push(fallback === undefined ? key : `${key}=${fallback}`)
  }
  return `ARG ${history.join(' ')}`
}

/**
 * The default of an ARG. When a build argument replaced it, it counts for nothing, the history aside, and what is
 * wrong with it is no error: the text as written then stands for it.
 */
function argDefault(site: InstructionSite, value: Word, scope: Scope, replaced: boolean): string | undefined {
  if (!replaced) return expandIn(site, value, scope)
  const expansion = expandWord(value.text, scope.escape, scope.lookup)
  return expansion.kind === 'expanded' ? expansion.text : value.text
}

export function lowerEnv(
  site: InstructionSite,
  env: EnvInstruction,
  state: StageState,
  scope: Scope,
): string | undefined {
  const pairs = expandPairs(site, env.pairs, scope)
  if (pairs === undefined) return undefined
  for (const [name, value] of pairs) state.variables.setEnv(name, value)
  return `ENV ${pairs.map(([name, value]) => `${name}=${value}`).join(' ')}`
}

export function lowerLabel(
  site: InstructionSite,
  label: LabelInstruction,
  state: StageState,
  scope: Scope,
): string | undefined {
  const pairs = expandPairs(site, label.pairs, scope)
  if (pairs === undefined) return undefined
  for (const [name, value] of pairs) state.labels.set(name, value)
  return `LABEL ${pairs.map(([name, value]) => `${name}=${value}`).join(' ')}`
}

function expandPairs(site: InstructionSite, pairs: readonly Pair[], scope: Scope): [string, string][] | undefined {
  const expanded: [string, string][] = []
  for (const pair of pairs) {
    const name = expandIn(site, pair.name, scope)
    const value = name === undefined ? undefined : expandIn(site, pair.value, scope)
    if (name === undefined || value === undefined) return undefined
    if (name === '') {
      const message = `${site.instruction.kind.toUpperCase()} names can not be blank`
      site.error('blank-name', message, site.span(pair.name), { hint: `"${pair.name.text}" expands to nothing` })
      return undefined
    }
    expanded.push([name, value])
  }
  return expanded
}

export function lowerMaintainer(maintainer: MaintainerInstruction, state: StageState): string {
  state.author = maintainer.author.text
  return `MAINTAINER ${maintainer.author.text}`
}

export function lowerCmd(site: InstructionSite, cmd: CmdInstruction, state: StageState): string {
  warnShellForm(site, cmd.command, state)
  state.cmd = commandArgs(cmd.command, state)
  state.cmdSet = true
  state.argsEscaped = true
  return `CMD ${goQuoteList(state.cmd)}`
}

/** Setting it drops a CMD that came with the base; one of this stage stays. */
export function lowerEntrypoint(site: InstructionSite, entrypoint: EntrypointInstruction, state: StageState): string {
  warnShellForm(site, entrypoint.command, state)
  state.entrypoint = commandArgs(entrypoint.command, state)
  if (!state.cmdSet) state.cmd = undefined
  return `ENTRYPOINT ${goQuoteList(state.entrypoint)}`
}

function commandArgs(command: Command, state: StageState): readonly string[] {
  switch (command.kind) {
    case 'shell':
      return state.shellArgs(command.text)
    case 'exec':
      return command.args.map((word) => word.text)
    default:
      return assertNever(command)
  }
}

export function lowerShell(shell: ShellInstruction, state: StageState): string {
  state.shell = shell.command.args.map((word) => word.text)
  return `SHELL [${state.shell.join(' ')}]`
}

export function lowerUser(
  site: InstructionSite,
  user: UserInstruction,
  state: StageState,
  scope: Scope,
): string | undefined {
  const text = expandIn(site, user.user, scope)
  if (text === undefined) return undefined
  state.user = text
  return `USER ${text}`
}

/** Words are split after expansion, so one variable may hold several ports. */
export function lowerExpose(
  site: InstructionSite,
  expose: ExposeInstruction,
  state: StageState,
  scope: Scope,
): string | undefined {
  const exposed = new Set<string>()
  for (const word of expose.ports) {
    const texts = expandToWords(site, word, scope)
    if (texts === undefined) return undefined
    for (const text of texts) {
      const parsed = parsePorts(text)
      if (parsed.kind === 'wrong') {
        reportPort(site, word, text, parsed.message)
        return undefined
      }
      warnExposed(site, word, text)
      for (const port of parsed.ports) exposed.add(port)
    }
  }
  for (const port of exposed) state.exposedPorts.add(port)
  return `EXPOSE map[${[...exposed]
    .sort()
    .map((port) => `${port}:{}`)
    .join(' ')}]`
}

function reportPort(site: InstructionSite, word: Word, text: string, message: string): void {
  const meant = intendedPorts(text)
  const span = site.span(word)
  site.error('invalid-port', message, span, {
    hint: text.startsWith('#')
      ? 'a comment stands on a line of its own'
      : `write ${meant ?? 'PORT or FIRST-LAST, up to 65535, with /tcp, /udp or /sctp behind'}`,
    fix: meant === undefined || word.text !== text ? undefined : replacing(span, meant),
  })
}

export function lowerVolume(
  site: InstructionSite,
  volume: VolumeInstruction,
  state: StageState,
  scope: Scope,
): string | undefined {
  const paths: string[] = []
  for (const word of volume.paths) {
    const path = expandIn(site, word, scope)
    if (path === undefined) return undefined
    if (path === '') {
      const message = 'VOLUME specified can not be an empty string'
      site.error('missing-arguments', message, site.span(word), { hint: `"${word.text}" expands to nothing` })
      return undefined
    }
    paths.push(path)
  }
  for (const path of paths) state.volumes.add(path)
  return `VOLUME [${paths.join(' ')}]`
}

export function lowerStopsignal(
  site: InstructionSite,
  stopsignal: StopsignalInstruction,
  state: StageState,
  scope: Scope,
): string | undefined {
  const text = expandIn(site, stopsignal.signal, scope)
  if (text === undefined) return undefined
  if (!isSignal(text)) {
    const { signal } = stopsignal
    const guess = nearestSignal(text)
    const also = guess === undefined ? '' : ` (did you mean ${guess}?)`
    site.error('invalid-signal', `Invalid signal: ${text}${also}`, site.span(signal), {
      hint: 'a name such as SIGTERM or a number from 1 to 64',
      fix: guess === undefined || signal.text !== text ? undefined : replacing(signal.span, guess),
    })
    return undefined
  }
  state.stopSignal = text
  return `STOPSIGNAL ${text}`
}

/** Kept as text for images built on this one; BuildKit writes no history for it, and neither do we. */
export function lowerOnbuild(onbuild: OnbuildInstruction, state: StageState): undefined {
  const { trigger } = onbuild
  const bodies = 'heredocs' in trigger ? trigger.heredocs : []
  state.onBuild.push([trigger.text, ...bodies.map((heredoc) => heredoc.content + heredoc.name)].join('\n'))
}
