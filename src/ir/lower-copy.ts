import { instructionRule } from '../../grammar/index.ts'
import { pathNames } from '../base/index.ts'
import type { AddInstruction, CopyInstruction, Flag } from '../dockerfile/index.ts'
import { checkMode, checkOwner, type FlagText } from './copy-flags.ts'
import { expandIn, type Scope } from './expand-in-site.ts'
import { inlineFiles } from './inline-files.ts'
import type { InstructionSite } from './instruction-site.ts'
import { expandSources } from './lower-add.ts'
import { reportUnsupportedFlags, reportUnsupportedHeredocs } from './not-supported.ts'
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
  if (unsupported || reportUnsupportedHeredocs(site, copy.heredocs)) return undefined
  const sources = expandSources(site, copy, scope)
  const written = sources && expandIn(site, copy.destination, scope)
  if (sources === undefined || written === undefined) return undefined
  const owner = expandFlag(site, copy.flags, 'chown', scope)
  if (owner === 'failed' || !checkOwner(site, owner)) return undefined
  const mode = expandFlag(site, copy.flags, 'chmod', scope)
  if (mode === 'failed' || !checkMode(site, mode)) return undefined
  const inline = inlineFiles(site, copy.heredocs, scope)
  if (inline === undefined) return undefined
  const destination = absolutePath(state.workingDir, written)
  const { keyword } = instructionRule(copy.kind)
  return {
    kind: 'copy',
    origin: { ...site.origin, text: hideCredentials(site.origin.text) },
    from,
    sources: sources.paths.map((path) => pathNames(path).join('/') || '.'),
    sourceSpans: sources.pathSpans,
    ...(sources.remotes.length === 0 ? {} : { remotes: sources.remotes }),
    ...(inline.length === 0 ? {} : { inline }),
    destination: isDirectoryForm(written) && destination !== '/' ? `${destination}/` : destination,
    ...(owner === undefined ? {} : { chown: owner.text }),
    ...(mode === undefined ? {} : { chmod: mode.text }),
    unpack: copy.kind === 'add',
    createdBy: `${[keyword, ...sources.written, ...inline.map(({ name }) => `<<${name}`), written].join(' ')} # buildkit`,
  }
}

function expandFlag(
  site: InstructionSite,
  flags: readonly (Flag<'copy'> | Flag<'add'>)[],
  name: 'chown' | 'chmod',
  scope: Scope,
): FlagText | 'failed' | undefined {
  const flag = flags.find((candidate) => candidate.name === name)
  if (flag === undefined) return undefined
  const text = expandIn(site, { text: flag.value, span: flag.valueSpan }, scope)
  if (text === undefined) return 'failed'
  return text === '' ? undefined : { text, span: site.span({ span: flag.valueSpan }), plain: text === flag.value }
}
