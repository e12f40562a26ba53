import { type SourceFile, ToolError } from '../base/index.ts'
import { buildImage } from '../engine/build.ts'
import type { BuildOutcome } from '../engine/build-request.ts'
import type { Host } from '../engine/host.ts'
import { renderDiagnostic } from '../report/index.ts'
import { keyValues, namedValues } from './collect.ts'
import type { ProjectFlags } from './flags.ts'
import { platformsField } from './platform-field.ts'

type Planned = Extract<BuildOutcome, { kind: 'planned' }>

/** Looks every step of a build up without running anything; undefined when the Dockerfile is wrong, which is printed. */
export async function planProject(
  flags: ProjectFlags,
  host: Host,
  root: string | undefined,
): Promise<Planned | undefined> {
  const { context, file, target } = flags
  const outcome = await buildImage(
    {
      context,
      tags: [],
      buildArgs: keyValues(flags.buildArg, host.env),
      contexts: namedValues(flags.buildContext),
      labels: {},
      secrets: {},
      agents: {},
      allowInsecure: false,
      otherTargets: [],
      limits: { ulimits: [] },
      addHosts: [],
      offline: false,
      noCache: false,
      noCacheFilter: [],
      keepGoing: false,
      pull: false,
      network: 'default',
      jobs: 1,
      outputs: [],
      planOnly: true,
      ...platformsField({ platform: flags.platform, target: [] }, host.arch),
      ...(file === undefined ? {} : { file }),
      ...(target === undefined ? {} : { target }),
      ...(root === undefined ? {} : { root }),
    },
    host,
    () => {},
    new AbortController().signal,
  )
  if (outcome.kind === 'planned') return outcome
  const diagnostics = outcome.kind === 'invalid' ? outcome.diagnostics : []
  for (const one of diagnostics) process.stderr.write(`${renderDiagnostic(one, sourceOf(one.file, outcome.source))}\n`)
  return undefined
}

function sourceOf(file: string, source: SourceFile): SourceFile | undefined {
  return file === source.name ? source : undefined
}

/** A step that can be chosen on the command line. */
interface Choice {
  readonly label: string
  readonly startLine: number
}

/**
 * The steps that `selector` names: a line of the Dockerfile (`12` or `:12`), or a part of the label in any case; all
 * of them without one. Throws `ToolError` `usage` when none is meant, listing what there is.
 */
export function chooseSteps<T extends Choice>(steps: readonly T[], selector: string | undefined): readonly T[] {
  if (selector === undefined) return steps
  const line = /^(?:[^:]*:)?(\d+)$/.exec(selector)?.[1]
  const wanted = selector.toLowerCase()
  const chosen =
    line === undefined
      ? steps.filter((step) => step.label.toLowerCase().includes(wanted))
      : steps.filter((step) => step.startLine === Number(line))
  if (chosen.length > 0) return chosen
  const known = steps.map((step) => `  line ${step.startLine}: ${step.label}`).join('\n')
  throw new ToolError('usage', `no step matches "${selector}"`, {
    hint: `name one by its line or a part of its text:\n${known}`,
  })
}
