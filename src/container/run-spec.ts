import { cleanPath, ToolError } from '../base/index.ts'
import type { ContainerConfig } from '../oci/index.ts'

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
  /** What of `args` is the entrypoint. */
  readonly entrypoint: readonly string[]
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
    entrypoint,
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
