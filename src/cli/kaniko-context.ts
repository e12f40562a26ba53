import { ToolError } from '../base/index.ts'

/** Where a build of kaniko's finds its files. */
export interface KanikoContext {
  /** As `longshore build` takes it: a directory, `-` for standard input, or an address. */
  readonly context: string
  /** Archive to be read in place of standard input. */
  readonly archive?: string
}

/** kaniko's place for the files when nobody says where they are. */
const defaultContext = 'dir:///workspace/'

/**
 * A context as kaniko's `--context` writes it, with its `--context-sub-path` and the `branch=` of `--git`. `gitScheme` is
 * that of repositories, GIT_PULL_METHOD of kaniko's. Throws `ToolError` `usage`, `not-supported`.
 */
export function kanikoContext(
  text = defaultContext,
  subPath: string | undefined,
  branch: string | undefined,
  gitScheme: string,
): KanikoContext {
  const [, scheme = 'dir', rest = ''] = /^([a-z0-9]+):\/\/(.*)$/is.exec(text) ?? [undefined, 'dir', text]
  switch (scheme.toLowerCase()) {
    case 'dir':
      return { context: subPath === undefined ? rest : `${rest.replace(/\/+$/, '')}/${subPath}` }
    case 'tar':
      if (subPath !== undefined) throw noFolder(text)
      return rest === 'stdin' ? { context: '-' } : { context: '-', archive: rest }
    case 'git':
      return { context: gitContext(`${gitScheme}://${rest}`, subPath, branch) }
    case 'http':
    case 'https':
      if (/\.git(?:#|$)/.test(rest)) return { context: gitContext(text, subPath, branch) }
      if (subPath !== undefined) throw noFolder(text)
      return { context: text }
    default:
      throw new ToolError('not-supported', `--context ${text}: nothing here reads ${scheme}://`, {
        hint: 'fetch the archive first and name it as tar://FILE, or pipe it in: tar://stdin',
      })
  }
}

/** `URL#ref#commit`, where the commit counts, as `URL#ref:folder`. */
function gitContext(text: string, subPath: string | undefined, branch: string | undefined): string {
  const [url = '', ref = '', commit = ''] = text.split('#')
  const address = url.endsWith('.git') ? url : `${url}.git`
  const wanted = commit || ref || (branch === undefined ? '' : `refs/heads/${branch}`)
  const folder = subPath === undefined ? '' : `:${subPath}`
  return wanted === '' && folder === '' ? address : `${address}#${wanted}${folder}`
}

function noFolder(text: string): ToolError {
  return new ToolError('not-supported', `--context-sub-path goes with a directory or a repository, not with ${text}`, {
    hint: 'unpack the archive and name the folder: --context dir://FOLDER',
  })
}
