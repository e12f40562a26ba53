import { ToolError } from '../base/index.ts'
import type { BuildRequest } from '../engine/build-request.ts'
import type { BuildFlags } from './flags.ts'

/**
 * What `--target` and `-t` say together. With one target, `-t` names its image. With several, each has an image of its
 * own, and a name says whose it is: `-t TARGET=NAME`. Throws `ToolError` `usage`.
 */
export function targetFields(
  flags: Pick<BuildFlags, 'target' | 'tag' | 'output'>,
): Pick<BuildRequest, 'target' | 'otherTargets' | 'tags'> {
  const targets = [...new Set(flags.target.flatMap((value) => value.split(',')).filter((name) => name !== ''))]
  const last = targets.at(-1)
  if (targets.length < 2) return { tags: flags.tag, otherTargets: [], ...(last === undefined ? {} : { target: last }) }
  if (flags.output.length > 0) {
    throw new ToolError('usage', '--output writes one image, but there are several targets', {
      hint: 'build the targets together, then write each with --target TARGET --output …: all of it is cached then',
    })
  }
  const tags = new Map<string, string[]>(targets.map((target) => [target, []]))
  for (const text of flags.tag) {
    const [target = '', name] = text.split('=', 2)
    const own = tags.get(target)
    if (name !== undefined && own !== undefined) own.push(name)
    else throw unclear(text, targets, name !== undefined)
  }
  const otherTargets = targets.slice(0, -1).map((stage) => ({ stage, tags: tags.get(stage) ?? [] }))
  return { otherTargets, tags: tags.get(last ?? '') ?? [], ...(last === undefined ? {} : { target: last }) }
}

function unclear(text: string, targets: readonly string[], hasTarget: boolean): ToolError {
  const reason = hasTarget
    ? 'it names none of the targets'
    : 'there are several targets, and it does not say which one it names'
  return new ToolError('usage', `-t ${text}: ${reason}`, {
    hint: `write -t TARGET=NAME, where TARGET is one of ${targets.join(', ')}`,
  })
}
