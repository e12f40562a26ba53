import type { Span } from '../base/index.ts'
import type { AddInstruction, CopyInstruction } from '../dockerfile/index.ts'
import { expandIn, type Scope } from './expand-in-site.ts'
import type { InstructionSite } from './instruction-site.ts'
import { hideCredentials, parseRemoteSource } from './remote-source.ts'
import type { RemotePart, RemoteSource } from './types.ts'

/** The sources of a COPY or ADD, every word expanded: paths, and what ADD fetches. */
export interface CopySources {
  /** As written, in order, for the history. */
  readonly written: readonly string[]
  readonly paths: readonly string[]
  readonly pathSpans: readonly Span[]
  readonly remotes: readonly RemotePart[]
}

/** Expands the sources and tells addresses from paths. Undefined after an error. */
export function expandSources(
  site: InstructionSite,
  copy: CopyInstruction | AddInstruction,
  scope: Scope,
): CopySources | undefined {
  const written: string[] = []
  const paths: string[] = []
  const pathSpans: Span[] = []
  const remotes: RemotePart[] = []
  for (const word of copy.sources) {
    const text = expandIn(site, word, scope)
    if (text === undefined) return undefined
    const span = site.span(word)
    const source = parseRemoteSource(text)
    written.push(hideCredentials(text))
    if (source.kind === 'local') {
      paths.push(text)
      pathSpans.push(span)
      continue
    }
    if (source.kind === 'invalid') {
      const hint = 'ADD fetches http(s) URLs and git repositories; what is on this machine is named by its path'
      site.error('remote-source', `cannot fetch ${text}: ${source.reason}`, span, { hint })
      return undefined
    }
    if (copy.kind === 'copy') {
      const message = `source can't be a ${source.kind === 'git' ? 'git ref' : 'URL'} for COPY: ${text}`
      site.error('remote-source', message, span, { hint: 'ADD fetches it: write ADD instead of COPY' })
      return undefined
    }
    remotes.push({ source, after: paths.length, span, unpack: unpacksRemote(copy) })
  }
  const checked = copy.kind === 'add' ? withFlags(site, copy, remotes, scope) : remotes
  return checked && { written, paths, pathSpans, remotes: checked }
}

/** What comes over the network is taken apart only when asked for. */
function unpacksRemote({ flags }: AddInstruction): boolean {
  return flags.some((flag) => flag.name === 'unpack' && flag.value !== 'false')
}

function withFlags(
  site: InstructionSite,
  add: AddInstruction,
  remotes: readonly RemotePart[],
  scope: Scope,
): readonly RemotePart[] | undefined {
  const keepGitDir = add.flags.some((flag) => flag.name === 'keep-git-dir' && flag.value !== 'false')
  const flag = add.flags.find((candidate) => candidate.name === 'checksum')
  const checksum = flag && expandIn(site, { text: flag.value, span: flag.valueSpan }, scope)
  if (flag !== undefined && checksum === undefined) return undefined
  const parts = remotes.map((part) =>
    keepGitDir && part.source.kind === 'git' ? { ...part, source: { ...part.source, keepGitDir } } : part,
  )
  if (flag === undefined || checksum === undefined || checksum === '') return parts
  const [only] = parts
  if (add.sources.length + add.heredocs.length > 1) {
    const hint = 'write one ADD for each source that has a checksum'
    site.error('invalid-checksum', "checksum can't be specified for multiple sources", site.span(flag), { hint })
    return undefined
  }
  if (only === undefined) {
    const hint = 'files of the build context are known by their content anyway: remove --checksum'
    site.error('invalid-checksum', "checksum can't be specified for non-HTTP(S) or non-git sources", site.span(flag), {
      hint,
    })
    return undefined
  }
  const source = withChecksum(site, only.source, checksum, site.span({ span: flag.valueSpan }))
  return source && [{ ...only, source }]
}

const fileChecksum = /^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/
const commitPrefix = /^[a-f0-9]{7,64}$/

function withChecksum(
  site: InstructionSite,
  source: RemoteSource,
  checksum: string,
  span: Span,
): RemoteSource | undefined {
  if (!(source.kind === 'http' ? fileChecksum : commitPrefix).test(checksum)) {
    const wanted =
      source.kind === 'http' ? 'sha256: and 64 hexadecimal digits' : 'a commit ID, or its first 7 digits or more'
    const hint = source.kind === 'http' ? 'sha256sum FILE prints the digits' : 'git rev-parse HEAD prints it'
    site.error('invalid-checksum', `invalid checksum "${checksum}": it should be ${wanted}`, span, { hint })
    return undefined
  }
  if (source.kind === 'git' && source.checksum !== undefined && source.checksum !== checksum) {
    const message = `the checksum is given twice: "${source.checksum}" and "${checksum}"`
    site.error('invalid-checksum', message, span, { hint: 'leave it in one place' })
    return undefined
  }
  return { ...source, checksum }
}
