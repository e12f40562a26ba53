import { networkModes } from '../../grammar/index.ts'
import { cleanPath } from '../base/index.ts'
import { type Heredoc, heredocContent, type MountFlag, type RunInstruction } from '../dockerfile/index.ts'
import { givenArg, givenProxies } from './build-args.ts'
import { checkFileName } from './inline-files.ts'
import type { InstructionSite } from './instruction-site.ts'
import { lowerMounts, type MountSurroundings } from './lower-mounts.ts'
import { reportUnsupportedFlags } from './not-supported.ts'
import type { StageState } from './stage-state.ts'
import type { FileSource, InlineFile, ProgramOptions, RunOperation } from './types.ts'

/** Where a heredoc that begins with `#!` is to be seen; BuildKit's place. */
const scriptDirectory = '/dev/pipes'

/** Lowers RUN. Its command text is the shell's alone: nothing in it is expanded here. */
export function lowerRun(
  around: MountSurroundings,
  run: RunInstruction,
  mountSources: ReadonlyMap<MountFlag, FileSource>,
): RunOperation | undefined {
  const { site, state, options } = around
  if (reportUnsupportedFlags(site, run.kind, run.flags)) return undefined
  const script = runScript(site, run)
  const security = runSecurity(site, run, options)
  const mounts = lowerMounts(around, run, mountSources)
  if (script === 'failed' || security === undefined || mounts === undefined) return undefined
  const args = script === undefined ? runArgs(run, state) : [`${scriptDirectory}/${script.name}`]
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
    cwd: cleanPath(state.workingDir),
    user: state.user,
    ...(hostname === undefined || hostname === '' ? {} : { hostname }),
    network: networkModes.find((mode) => mode === wanted) ?? 'default',
    ...(options.addHosts === undefined || options.addHosts.length === 0 ? {} : { addHosts: options.addHosts }),
    security,
    mounts,
    ...(script === undefined ? {} : { script }),
    createdBy: `RUN ${variables.historyPrefix()}${args.join(' ')} # buildkit`,
  }
}

function runSecurity(
  site: InstructionSite,
  run: RunInstruction,
  options: ProgramOptions,
): RunOperation['security'] | undefined {
  const flag = run.flags.find((candidate) => candidate.name === 'security')
  if (flag?.value !== 'insecure') return 'sandbox'
  if (options.allowInsecure === true) return 'insecure'
  site.error('insecure-not-allowed', 'RUN --security=insecure is not allowed', site.span(flag), {
    hint: 'if you trust this Dockerfile with your machine, build with --allow security.insecure',
  })
  return undefined
}

/**
 * A heredoc alone is the script itself, for shells that know no heredocs; with anything else on its line the shell
 * gets line and bodies as they were written.
 */
function runArgs(run: RunInstruction, state: StageState): readonly string[] {
  const { command, heredocs } = run
  if (command.kind === 'exec') return command.args.map((word) => word.text)
  const alone = loneHeredoc(run)
  if (alone !== undefined) return state.shellArgs(heredocContent(alone))
  return state.shellArgs([command.text, ...heredocs.map(({ content, name }) => content + name)].join('\n'))
}

/** The heredoc that is all of a RUN, if it is. */
function loneHeredoc({ command, heredocs }: RunInstruction): Heredoc | undefined {
  const [first] = heredocs
  if (command.kind === 'exec' || first === undefined || first.descriptor !== undefined) return undefined
  return /^<<-?(?:[^\s'"\\<]|'[^']*'|"[^"]*"|\\.)+$/.test(command.text) ? first : undefined
}

/** The file that a lone heredoc beginning with `#!` is: its own interpreter runs it. */
function runScript(site: InstructionSite, run: RunInstruction): InlineFile | 'failed' | undefined {
  const alone = loneHeredoc(run)
  const content = alone === undefined ? '' : heredocContent(alone)
  if (alone === undefined || !content.startsWith('#!')) return undefined
  if (!checkFileName(site, alone)) return 'failed'
  return { name: alone.name, content, span: site.span(alone) }
}
