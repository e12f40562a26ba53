/** What a request wants of a registry: to read a repository, or to write it; and the one a blob is mounted from. */
export interface Access {
  /** Empty for the registry as a whole. */
  readonly repository: string
  readonly push: boolean
  readonly mountFrom?: string
}

/** A key that tells grants apart: what was granted for reading is not enough for writing. */
export function accessKey({ repository, push, mountFrom }: Access): string {
  return [repository, ...(push ? ['push'] : []), ...(mountFrom === undefined ? [] : [mountFrom])].join(' ')
}

/**
 * The scopes to ask a token server for (distribution's token scope grammar). What the challenge names wins, since a proxy
 * may know the repository by another name; but one token serves a whole push, whose first request only reads.
 */
export function scopesFor({ repository, push, mountFrom }: Access, challenged: string | undefined): readonly string[] {
  const actions = push ? 'pull,push' : 'pull'
  const named = challenged?.split(' ').filter((scope) => scope !== '') ?? []
  // Whether an account is right can be asked without any repository.
  if (repository === '') return named
  const own = named.length === 0 ? [`repository:${repository}:${actions}`] : named
  const scopes = push ? own.map((scope) => scope.replace(/^(repository:.+):pull$/, `$1:${actions}`)) : own
  const from = mountFrom === undefined ? undefined : `repository:${mountFrom}:pull`
  // What is mounted from is only read, though a challenge may name it beside the other.
  const others = from === undefined ? scopes : scopes.filter((scope) => !scope.startsWith(`repository:${mountFrom}:`))
  return from === undefined ? others : [...others, from]
}
