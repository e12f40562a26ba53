import type { GitSource, RemoteSource } from './types.ts'

/** What a text of ADD, a context or a named context means as an address; `local` is none. */
export type ParsedSource =
  | RemoteSource
  | { readonly kind: 'local' }
  /** It was meant as an address, but cannot be one; `reason` completes "cannot fetch X: ". */
  | { readonly kind: 'invalid'; readonly reason: string }

/** Name of a file whose URL ends in none (BuildKit). */
const unnamed = '__unnamed__'

const scpForm = /^[\w-]+@[\w.-]+:[^#?]*/
const gitUrl = /^(?:git|ssh):\/\/[^#?]+|^https?:\/\/[^#?]+\.git(?=[#?]|$)/i

/**
 * Tells git repositories and files over HTTP from local paths, as BuildKit does: `git://`, `ssh://` and `user@host:path`
 * are git, an http(s) URL is when its path ends in `.git`. A repository's branch, tag, commit and folder follow as
 * `#ref:subdir` or as a query.
 */
export function parseRemoteSource(text: string): ParsedSource {
  const url = gitUrl.exec(text)?.[0] ?? scpForm.exec(text)?.[0]
  if (url !== undefined) return parseGit(url, text.slice(url.length))
  if (/^https?:\/\//i.test(text)) return parseHttp(text)
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]
  if (scheme === undefined) return { kind: 'local' }
  return { kind: 'invalid', reason: `"${scheme}" is no scheme that can be fetched (http, https, ssh and git are)` }
}

function parseHttp(text: string): ParsedSource {
  if (!URL.canParse(text)) return { kind: 'invalid', reason: 'it is not a URL' }
  const url = new URL(text)
  url.hash = ''
  return { kind: 'http', url: url.href, fileName: fileNameOf(url) }
}

/** The last name of the URL's path, decoded; the server has no say in it. */
function fileNameOf({ pathname }: URL): string {
  let path = pathname
  try {
    path = decodeURIComponent(pathname)
  } catch (error) {
    // A lone `%` is no escape: the name is what is written.
    if (!(error instanceof URIError)) throw error
  }
  const name = path.replace(/\/+$/, '').split('/').at(-1) ?? ''
  return name === '' || name === '.' || name === '..' || name.includes('\0') ? unnamed : name
}

type GitOptions = { -readonly [K in Exclude<keyof GitSource, 'kind' | 'url'>]?: GitSource[K] }

function parseGit(url: string, rest: string): ParsedSource {
  const [query = '', ...fragments] = rest.split('#')
  const fragment = fragments.join('#')
  const options: GitOptions = {}
  if (fragment !== '') {
    const colon = fragment.indexOf(':')
    const ref = colon < 0 ? fragment : fragment.slice(0, colon)
    const subdir = colon < 0 ? '' : fragment.slice(colon + 1)
    if (ref !== '') options.ref = ref
    if (subdir !== '') options.subdir = subdir
  }
  const reason = readQuery(new URLSearchParams(query.replace(/^\?/, '')), options)
  if (reason !== undefined) return { kind: 'invalid', reason }
  return { keepGitDir: false, submodules: true, ...options, kind: 'git', url }
}

/** Adds what the query says; returns what is wrong with it. */
function readQuery(query: URLSearchParams, options: GitOptions): string | undefined {
  const names = [...query.keys()]
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) return `"${twice}" is given twice in its query`
  for (const [name, value] of query) {
    const reason = readQueryValue(name, value, options)
    if (reason !== undefined) return reason
  }
  return undefined
}

function readQueryValue(name: string, value: string, options: GitOptions): string | undefined {
  const text = (key: 'ref' | 'subdir' | 'checksum', wanted: string): string | undefined => {
    const known = options[key]
    if (value === '') return `"${name}" has no value in its query`
    if (known !== undefined && known !== wanted) return `its ${key} is given twice: "${known}" and "${wanted}"`
    options[key] = wanted
    return undefined
  }
  switch (name) {
    case 'ref':
      return text('ref', value)
    case 'branch':
      return text('ref', `refs/heads/${value}`)
    case 'tag':
      return text('ref', `refs/tags/${value}`)
    case 'subdir':
      return text('subdir', value)
    case 'commit':
    case 'checksum':
      return text('checksum', value)
    case 'keep-git-dir':
    case 'submodules': {
      if (!/^(?:|true|false|1|0)$/.test(value)) return `"${name}" must be true or false, not "${value}"`
      options[name === 'submodules' ? 'submodules' : 'keepGitDir'] = value !== 'false' && value !== '0'
      return undefined
    }
    default:
      return `"${name}" is no query of a git source (ref, branch, tag, subdir, commit, keep-git-dir, submodules are)`
  }
}

/** Text with the users and passwords of its http(s) addresses blotted out, as BuildKit writes them into a history. */
export function hideCredentials(text: string): string {
  return text.replace(/\b(https?:\/\/)[^\s/?#]+@/gi, '$1xxxxx:xxxxx@')
}

/** The address as messages show it: with what was asked of it, without what signs in. */
export function describeRemote(source: RemoteSource): string {
  const url = source.url.replace(/^([a-z]+:\/\/)[^/?#]*@/i, source.url.startsWith('ssh:') ? '$&' : '$1')
  if (source.kind === 'http') return url.replace(/\?.*/, '?…')
  const { ref = '', subdir = '' } = source
  return `${url}${ref === '' && subdir === '' ? '' : `#${ref}`}${subdir === '' ? '' : `:${subdir}`}`
}
