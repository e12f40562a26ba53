import { instructionRule } from '../../grammar/index.ts'
import { pathNames } from '../base/index.ts'
import type { AddInstruction, CopyInstruction } from '../dockerfile/index.ts'
import { copyFlags } from './copy-flags.ts'
import { expandIn, type Scope } from './expand-in-site.ts'
import { inlineFiles } from './inline-files.ts'
import type { InstructionSite } from './instruction-site.ts'
import { reportUnsupportedFlags } from './not-supported.ts'
import { absolutePath, isDirectoryForm } from './stage-path.ts'
import type { StageState } from './stage-state.ts'
import type { CopyOperation, FileSource } from './types.ts'

/** Lowers COPY, and ADD of local files. `from` is where --from leads, or the context. */
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
    origin: site.origin,
    from,
    sources: sources.map(flags.rules?.parents === true ? keptSource : cleanSource),
    sourceSpans: copy.sources.map((word) => site.span(word)),
    ...(inline.length === 0 ? {} : { inline }),
    destination: isDirectoryForm(written) && destination !== '/' ? `${destination}/` : destination,
    ...flags,
    createdBy: `${[keyword, ...sources, ...inline.map(({ name }) => `<<${name}`), written].join(' ')} # buildkit`,
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

function expandSources(
  site: InstructionSite,
  copy: CopyInstruction | AddInstruction,
  scope: Scope,
): string[] | undefined {
  const sources: string[] = []
  for (const word of copy.sources) {
    const path = expandIn(site, word, scope)
    if (path === undefined) return undefined
    const remote = remoteKind(path)
    if (remote === undefined) {
      sources.push(path)
      continue
    }
    const span = site.span(word)
    if (copy.kind === 'copy') {
      const message = `source can't be a ${remote} for COPY: ${path}`
      site.error('remote-source', message, span, { hint: 'COPY takes paths of the context, a stage or an image' })
    } else {
      site.error('not-supported', `ADD of a ${remote} is not supported: ${path}`, span, {
        hint: 'ADD supports local files and archives; fetch it in a RUN, or before the build',
      })
    }
    return undefined
  }
  return sources
}

function remoteKind(path: string): 'URL' | 'git ref' | undefined {
  if (/^(?:git|ssh):\/\/|^[\w.-]+@[\w.-]+:|^https?:\/\/[^#?]+\.git(?:[#?]|$)/i.test(path)) return 'git ref'
  return /^https?:\/\//i.test(path) ? 'URL' : undefined
}
