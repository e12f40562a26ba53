import { instructionRule } from '../../grammar/index.ts'
import { pathNames } from '../base/index.ts'
import type { AddInstruction, CopyInstruction } from '../dockerfile/index.ts'
import { copyFlags } from './copy-flags.ts'
import { expandIn, type Scope } from './expand-in-site.ts'
import { inlineFiles } from './inline-files.ts'
import type { InstructionSite } from './instruction-site.ts'
import { expandSources } from './lower-add.ts'
import { reportUnsupportedFlags } from './not-supported.ts'
import { hideCredentials } from './remote-source.ts'
import { absolutePath, isDirectoryForm } from './stage-path.ts'
import type { StageState } from './stage-state.ts'
import type { CopyOperation, FileSource } from './types.ts'

/** Lowers COPY and ADD. `from` is where --from leads, or the context. */
export function lowerCopy(
  site: InstructionSite,
  copy: CopyInstruction | AddInstruction,
  from: FileSource,
  state: StageState,
  scope: Scope,
): CopyOperation | undefined {
  const unsupported =
    copy.kind === 'copy'
      ? reportUnsupportedFlags(site, copy.kind, copy.flags)
      : reportUnsupportedFlags(site, copy.kind, copy.flags)
  if (unsupported) return undefined
  const sources = expandSources(site, copy, scope)
  const written = sources && expandIn(site, copy.destination, scope)
  if (sources === undefined || written === undefined) return undefined
  const flags = copyFlags(site, copy, scope)
  const inline = inlineFiles(site, copy.heredocs, scope)
  if (flags === undefined || inline === undefined) return undefined
  const destination = absolutePath(state.workingDir, written)
  const { keyword } = instructionRule(copy.kind)
  return {
    kind: 'copy',
    origin: { ...site.origin, text: hideCredentials(site.origin.text) },
    from,
    sources: sources.paths.map(flags.rules?.parents === true ? keptSource : cleanSource),
    sourceSpans: sources.pathSpans,
    ...(sources.remotes.length === 0 ? {} : { remotes: sources.remotes }),
    ...(inline.length === 0 ? {} : { inline }),
    destination: isDirectoryForm(written) && destination !== '/' ? `${destination}/` : destination,
    ...flags,
    createdBy: `${[keyword, ...sources.written, ...inline.map(({ name }) => `<<${name}`), written].join(' ')} # buildkit`,
  }
}

function cleanSource(path: string): string {
  return pathNames(path).join('/') || '.'
}

/** A source of --parents: what is in front of its first `/./` and what is behind, both clean. */
function keptSource(path: string): string {
  const cut = path.indexOf('/./')
  if (cut < 0) return cleanSource(path)
  const pivot = pathNames(path.slice(0, cut)).join('/')
  const kept = pathNames(path.slice(cut + 2)).join('/')
  return pivot === '' ? kept || '.' : `${pivot}/./${kept}`
}
