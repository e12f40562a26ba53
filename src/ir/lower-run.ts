import { networkModes } from '../../grammar/index.ts'
import { heredocContent, type RunInstruction } from '../dockerfile/index.ts'
import { givenArg, givenProxies } from './build-args.ts'
import type { InstructionSite } from './instruction-site.ts'
import { reportUnsupportedFlags } from './not-supported.ts'
import type { StageState } from './stage-state.ts'
import type { ProgramOptions, RunOperation } from './types.ts'

/** Lowers RUN. Its command text is the shell's alone: nothing in it is expanded here. */
export function lowerRun(
  site: InstructionSite,
  run: RunInstruction,
  state: StageState,
  options: ProgramOptions,
): RunOperation | undefined {
  if (reportUnsupportedFlags(site, run.kind, run.flags)) return undefined
  const args = runArgs(site, run, state)
  if (args === undefined) return undefined
  const { variables } = state
  const proxies = [...givenProxies(options)].filter(([name]) => !variables.isDeclared(name))
  const hostname = givenArg(options, 'BUILDKIT_SANDBOX_HOSTNAME')
  const wanted = run.flags.find((flag) => flag.name === 'network')?.value
  return {
    kind: 'run',
    origin: site.origin,
    args,
    env: variables.runEnv(),
    proxyEnv: proxies.map(([name, value]) => `${name}=${value}`),
    cwd: state.workingDir,
    user: state.user,
    ...(hostname === undefined || hostname === '' ? {} : { hostname }),
    network: networkModes.find((mode) => mode === wanted) ?? 'default',
    createdBy: `RUN ${variables.historyPrefix()}${args.join(' ')} # buildkit`,
  }
}

/**
 * A heredoc alone is the script itself, for shells that know no heredocs; with anything else on its line the shell
 * gets line and bodies as they were written.
 */
function runArgs(site: InstructionSite, run: RunInstruction, state: StageState): readonly string[] | undefined {
  const { command, heredocs } = run
  if (command.kind === 'exec') return command.args.map((word) => word.text)
  const [first] = heredocs
  if (first === undefined) return state.shellArgs(command.text)
  const alone = first.descriptor === undefined && /^<<-?(?:[^\s'"\\<]|'[^']*'|"[^"]*"|\\.)+$/.test(command.text)
  if (!alone) return state.shellArgs([command.text, ...heredocs.map(({ content, name }) => content + name)].join('\n'))
  const script = heredocContent(first)
  if (!script.startsWith('#!')) return state.shellArgs(script)
  site.error('not-supported', `the #! line of the heredoc "${first.name}" is not supported`, site.span(first), {
    hint: 'name the interpreter on the RUN line: RUN python3 <<EOF, or set SHELL',
  })
  return undefined
}
