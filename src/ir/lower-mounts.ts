import { cacheSharings } from '../../grammar/index.ts'
import { assertNever, baseName, cleanPath, pathNames } from '../base/index.ts'
import type { MountFlag, RunInstruction } from '../dockerfile/index.ts'
import { givenArg } from './build-args.ts'
import type { Scope } from './expand-in-site.ts'
import type { InstructionSite } from './instruction-site.ts'
import { MountOptions } from './mount-options.ts'
import { absolutePath } from './stage-path.ts'
import type { StageState } from './stage-state.ts'
import type { FileSource, MountSource, ProgramOptions, RunMount } from './types.ts'

/** What lowering a mount looks at besides its flag. */
export interface MountSurroundings {
  readonly site: InstructionSite
  readonly state: StageState
  readonly scope: Scope
  readonly options: ProgramOptions
  /** Where files of the build context are. */
  readonly context: FileSource
}

/**
 * Lowers the `--mount` flags of a RUN, ordered by target, so that one inside another comes after it. `sources` says
 * where each flag's `from` leads. Undefined after an error.
 */
export function lowerMounts(
  around: MountSurroundings,
  run: RunInstruction,
  sources: ReadonlyMap<MountFlag, FileSource>,
): readonly RunMount[] | undefined {
  const mounts: RunMount[] = []
  let sockets = 0
  for (const flag of run.mounts) {
    const mount = lowerMount(around, flag, sources.get(flag), sockets)
    if (mount === undefined) return undefined
    if (mount.kind === 'ssh') sockets += 1
    mounts.push(mount)
  }
  const depth = (mount: RunMount): number => (mount.target === undefined ? 0 : pathNames(mount.target).length)
  return mounts.toSorted((a, b) => depth(a) - depth(b))
}

function lowerMount(
  around: MountSurroundings,
  flag: MountFlag,
  from: FileSource | undefined,
  sockets: number,
): RunMount | undefined {
  const options = MountOptions.expand(around.site, flag, around.scope)
  if (options === undefined) return undefined
  switch (options.type) {
    case 'bind':
      return lowerBind(around, options, from ?? around.context)
    case 'cache':
      return lowerCache(around, options, from)
    case 'tmpfs':
      return lowerTmpfs(around, options)
    case 'secret':
      return lowerSecret(around, options)
    case 'ssh':
      return lowerSsh(around, options, sockets)
    default:
      return assertNever(options.type)
  }
}

function lowerBind(around: MountSurroundings, options: MountOptions, from: FileSource): RunMount | undefined {
  const target = requiredTarget(around, options)
  const readonly = options.isReadonly(true)
  if (target === undefined || readonly === undefined) return undefined
  return { kind: 'bind', target, readonly, ...mountSource(options, from), span: options.span }
}

function lowerCache(
  around: MountSurroundings,
  options: MountOptions,
  from: FileSource | undefined,
): RunMount | undefined {
  const target = requiredTarget(around, options)
  const readonly = options.isReadonly(false)
  const sharing = options.word('sharing', cacheSharings)
  const owner = options.owner(0o755)
  if (target === undefined || readonly === undefined || sharing === undefined || owner === undefined) return undefined
  const id = options.text('id') || cleanPath(options.text('target') ?? target)
  const namespace = givenArg(around.options, 'BUILDKIT_CACHE_MOUNT_NS')
  return {
    kind: 'cache',
    target,
    id: namespace === undefined ? id : `${namespace}/${id}`,
    sharing,
    readonly,
    ...(from === undefined ? {} : { initial: mountSource(options, from) }),
    ...owner,
    span: options.span,
  }
}

function lowerTmpfs(around: MountSurroundings, options: MountOptions): RunMount | undefined {
  const target = requiredTarget(around, options)
  const size = options.sizeBytes()
  if (target === undefined || size === 'failed') return undefined
  return { kind: 'tmpfs', target, ...(size === undefined ? {} : { sizeBytes: size }), span: options.span }
}

function lowerSecret(around: MountSurroundings, options: MountOptions): RunMount | undefined {
  const [source, written, env] = [options.text('source'), options.text('target'), options.text('env')]
  if (source && options.text('id')) {
    const hint = 'leave source out; it is an older name of id'
    return options.fail('source', "both source and id can't be set", hint)
  }
  const id = source || options.text('id') || (written && baseName(written))
  const required = options.flag('required', false)
  const owner = options.owner(0o400)
  if (!id) return options.fail('type', 'invalid secret mount: one of id, target is required', 'write id=NAME')
  if (required === undefined || owner === undefined) return undefined
  const target = written || (env ? undefined : `/run/secrets/${baseName(id)}`)
  const absolute = target === undefined ? undefined : checkedTarget(around, options, target)
  if (target !== undefined && absolute === undefined) return undefined
  return {
    kind: 'secret',
    id,
    ...(absolute === undefined ? {} : { target: absolute }),
    ...(env ? { env } : {}),
    required,
    ...owner,
    span: options.span,
  }
}

function lowerSsh(around: MountSurroundings, options: MountOptions, sockets: number): RunMount | undefined {
  const target = checkedTarget(around, options, options.text('target') || `/run/buildkit/ssh_agent.${sockets}`)
  const required = options.flag('required', false)
  const owner = options.owner(0o600)
  if (target === undefined || required === undefined || owner === undefined) return undefined
  return { kind: 'ssh', id: options.text('id') || 'default', target, required, ...owner, span: options.span }
}

function mountSource(options: MountOptions, from: FileSource): MountSource {
  const source = pathNames(options.text('source') ?? '').join('/')
  return { from, sources: [source === '' ? '.' : source], sourceSpans: [options.spanOf('source')] }
}

function requiredTarget(around: MountSurroundings, options: MountOptions): string | undefined {
  const written = options.text('target')
  if (written) return checkedTarget(around, options, written)
  around.site.error('missing-mount-target', `the ${options.type} mount has no target`, options.span, {
    hint: 'add target=DIR, the place where the container sees it',
  })
  return undefined
}

function checkedTarget({ site, state }: MountSurroundings, options: MountOptions, written: string): string | undefined {
  const target = absolutePath(state.workingDir, written)
  if (target !== '/') return target
  site.error(
    'invalid-mount-target',
    `invalid mount target "${written}": it is the root directory`,
    options.spanOf('target'),
    {
      hint: 'mount on a directory below it',
    },
  )
  return undefined
}
