import { cleanPath, ToolError } from '../base/index.ts'
import type { ContainerConfig } from '../oci/index.ts'
import type { SandboxMount } from '../ports/index.ts'

/** What the user asks of a container beyond its image. */
export interface ContainerOptions {
  /** Words after the image name; replace the image's CMD. */
  readonly command: readonly string[]
  /** Replaces the image's ENTRYPOINT, and then its CMD too; an empty text clears it. */
  readonly entrypoint?: string
  /** `K=V`, later ones win over the image's. */
  readonly env: readonly string[]
  readonly workingDir?: string
  readonly user?: string
}

/** The process a container starts. */
export interface ContainerProcess {
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly cwd: string
  readonly user: string
}

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * The process of a container: image config and options joined by docker's rules (ENTRYPOINT followed by CMD; a command
 * replaces CMD; --entrypoint drops both). Throws `ToolError` `usage` when there is nothing to run.
 */
export function containerProcess(
  config: ContainerConfig,
  options: ContainerOptions,
  hostname: string,
): ContainerProcess {
  const replaced = options.entrypoint !== undefined
  const entrypoint = replaced ? (options.entrypoint === '' ? [] : [options.entrypoint]) : (config.entrypoint ?? [])
  const cmd = options.command.length > 0 ? options.command : replaced ? [] : (config.cmd ?? [])
  const args = [...entrypoint, ...cmd]
  if (args.length === 0) {
    throw new ToolError('usage', 'the image names no command to run (it has neither CMD nor ENTRYPOINT)', {
      hint: 'give one after the image name: longshore run IMAGE COMMAND',
    })
  }
  return {
    args,
    env: mergeEnv([defaultPath, `HOSTNAME=${hostname}`], config.env ?? [], options.env),
    cwd: absolute(options.workingDir ?? config.workingDir ?? '/'),
    user: options.user ?? config.user ?? '',
  }
}

function absolute(path: string): string {
  if (path === '') return '/'
  if (path.startsWith('/')) return cleanPath(path)
  throw new ToolError('usage', `the working directory "${path}" is not absolute`, {
    hint: 'give a path that begins with /',
  })
}

/** Joins lists of `K=V`: the last value of a key wins, at the place where the key came first. */
function mergeEnv(...lists: readonly (readonly string[])[]): readonly string[] {
  const merged = new Map<string, string>()
  for (const entry of lists.flat()) merged.set(entry.slice(0, entry.indexOf('=')), entry)
  return [...merged.values()]
}

/**
 * Parses `-v SOURCE:TARGET[:ro|rw]`. `absolutePath` makes a relative source (`./data`) absolute. Throws `ToolError`
 * `usage`, or `not-supported` for a named volume.
 */
export function parseVolume(text: string, absolutePath: (path: string) => string): SandboxMount {
  const [source, target, mode, ...rest] = text.split(':')
  const bad = (why: string): ToolError =>
    new ToolError('usage', `cannot read -v "${text}": ${why}`, {
      hint: 'expected SOURCE:TARGET or SOURCE:TARGET:ro, for example -v ./data:/data:ro',
    })
  if (source === undefined || source === '' || target === undefined || rest.length > 0)
    throw bad('it is not SOURCE:TARGET[:ro]')
  if (!target.startsWith('/')) throw bad(`the target "${target}" is not absolute`)
  if (/^\/+$/.test(target)) throw bad('the root directory cannot be a target')
  if (mode !== undefined && mode !== 'ro' && mode !== 'rw') throw bad(`the mode is "${mode}"`)
  if (!/^[/.]/.test(source)) {
    throw new ToolError('not-supported', `named volumes are not supported yet: "${source}"`, {
      hint: `to mount a directory, write it with a slash: ./${source}`,
    })
  }
  return { kind: 'bind', source: absolutePath(source), target, readonly: mode === 'ro' }
}
