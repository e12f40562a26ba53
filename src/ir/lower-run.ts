import { networkModes } from '../../grammar/index.ts'
import type { RunInstruction } from '../dockerfile/index.ts'
import { givenProxies } from './build-args.ts'
import type { InstructionSite } from './instruction-site.ts'
import { reportUnsupportedFlags, reportUnsupportedHeredocs } from './not-supported.ts'
import type { StageState } from './stage-state.ts'
import type { ProgramOptions, RunOperation } from './types.ts'

/** Lowers RUN. Its command text is the shell's alone: nothing in it is expanded here. */
export function lowerRun(
  site: InstructionSite,
  run: RunInstruction,
  state: StageState,
  options: ProgramOptions,
): RunOperation | undefined {
  if (reportUnsupportedFlags(site, run.kind, run.flags) || reportUnsupportedHeredocs(site, run.heredocs))
    return undefined
  const { command } = run
  const args = command.kind === 'shell' ? state.shellArgs(command.text) : command.args.map((word) => word.text)
  const { variables } = state
  const proxies = [...givenProxies(options)].filter(([name]) => !variables.isDeclared(name))
  const wanted = run.flags.find((flag) => flag.name === 'network')?.value
  return {
    kind: 'run',
    origin: site.origin,
    args,
    env: variables.runEnv(),
    proxyEnv: proxies.map(([name, value]) => `${name}=${value}`),
    cwd: state.workingDir,
    user: state.user,
    network: networkModes.find((mode) => mode === wanted) ?? 'default',
    createdBy: `RUN ${variables.historyPrefix()}${args.join(' ')} # buildkit`,
  }
}
