/** The CI system that a command speaks to. */
export type CiMode = 'github' | 'gitlab' | 'none'

/** What `--ci` means: `auto` looks at the environment, which GitHub Actions and GitLab's runners mark. */
export function ciMode(wanted: CiMode | 'auto' | undefined, env: Readonly<Record<string, string | undefined>>): CiMode {
  if (wanted !== undefined && wanted !== 'auto') return wanted
  if (env['GITHUB_ACTIONS'] === 'true') return 'github'
  return env['GITLAB_CI'] === 'true' ? 'gitlab' : 'none'
}
