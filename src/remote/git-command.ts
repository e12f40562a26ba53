import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { errnoCode, errorMessage, redactUrl, sanitizeForTerminal, ToolError } from '../base/index.ts'
import { offlineError } from '../http/offline.ts'

/** What git commands run with. */
export interface GitSettings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** PEM certificates to trust besides the machine's own. */
  readonly ca: () => readonly string[]
  /** A directory for files that git is pointed to. */
  readonly directory: string
  /** Commands that reach servers are refused with `offline`. */
  readonly offline?: boolean
}

export interface GitCall {
  readonly args: readonly string[]
  readonly cwd?: string
  /** `network` reaches servers only, `local` reads repositories of this machine only. */
  readonly reach: 'network' | 'local'
  readonly signal: AbortSignal
}

/** How a git command ended. */
export interface GitResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs git commands; see `openGit`. */
export interface Git {
  /** Runs to the end, whatever that is. Throws `ToolError` `not-supported` without git, `canceled`. */
  attempt(call: GitCall): Promise<GitResult>
  /** Runs and gives what it printed. Throws `ToolError` `git-failed` beside; `doing` starts its message. */
  run(doing: string, call: GitCall): Promise<string>
}

/** Variables a user sets to sign in, to reach servers, or to trust them. */
const passedOn = [
  'PATH',
  'HOME',
  'XDG_CONFIG_HOME',
  'SSH_AUTH_SOCK',
  'GIT_SSH_COMMAND',
  'GIT_ASKPASS',
  'GIT_SSL_CAINFO',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
]

/** Nothing that a repository brings is executed, nothing waits for an answer, and the files are as they were committed. */
const hardened: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.logAllRefUpdates', 'false'],
  ['core.attributesFile', '/dev/null'],
  ['core.autocrlf', 'false'],
  ['core.symlinks', 'true'],
  ['core.protectHFS', 'true'],
  ['core.protectNTFS', 'true'],
  ['fetch.recurseSubmodules', 'false'],
  ['transfer.bundleURI', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['init.defaultBranch', 'main'],
  ['advice.detachedHead', 'false'],
  // The store may belong to another id than the process shows, as in a user namespace.
  ['safe.directory', '*'],
]

/**
 * git from PATH, hardened (security 34): no hooks, no prompts, no configuration of user and machine but credentials,
 * and no way of reaching a repository but `https`, `http`, `ssh` and `git`.
 */
export function openGit(settings: GitSettings): Git {
  let environment: Readonly<Record<string, string>> | undefined
  const attempt = async (call: GitCall): Promise<GitResult> => {
    if (settings.offline === true && call.reach === 'network') throw offlineError(`git ${urlOf(call)}`)
    environment ??= gitEnvironment(settings)
    const protocols = call.reach === 'network' ? 'https:http:ssh:git' : 'file'
    return runGit(call, { ...environment, GIT_ALLOW_PROTOCOL: protocols })
  }
  return {
    attempt,
    async run(doing, call) {
      const result = await attempt(call)
      if (result.exitCode !== 0) throw gitFailed(doing, result)
      return result.stdout
    },
  }
}

/** The address that a command would reach. */
function urlOf({ args }: GitCall): string {
  return redactUrl(args.find((arg) => /:/.test(arg) && !arg.startsWith('-')) ?? args.join(' '))
}

/** The error for a git command that failed, with git's own words. */
export function gitFailed(doing: string, { exitCode, stderr }: GitResult): ToolError {
  const lines = stderr.split(/[\r\n]+/).filter((line) => line.trim() !== '' && !/^hint: /.test(line))
  const words = redactUrl(sanitizeForTerminal(lines.slice(-3).join('; '))).slice(0, 500)
  return new ToolError('git-failed', `${doing}: git says: ${words === '' ? `exit code ${exitCode}` : words}`, {
    hint: gitHint(stderr),
    details: { exitCode },
  })
}

/** git has no codes for these, and its words do not change in the C locale. */
function gitHint(stderr: string): string {
  if (/could not read (?:Username|Password)|Authentication failed|Permission denied|prompts disabled/.test(stderr))
    return 'check the address; a private one takes a credential helper (git config --global credential.helper …) or an ssh agent'
  if (/Host key verification failed/.test(stderr)) return 'connect once by ssh, or add the host to ~/.ssh/known_hosts'
  if (/certificate/i.test(stderr)) return 'set NODE_EXTRA_CA_CERTS to a file with the CA certificate behind it'
  return 'check the address and the network: git ls-remote URL shows what git itself can see'
}

function gitEnvironment(settings: GitSettings): Readonly<Record<string, string>> {
  const { env } = settings
  const passed: Record<string, string> = {}
  for (const name of passedOn) {
    const value = env[name]
    if (value !== undefined) passed[name] = value
  }
  if (passed['GIT_SSL_CAINFO'] === undefined) {
    const bundle = certificateBundle(settings)
    if (bundle !== undefined) passed['GIT_SSL_CAINFO'] = bundle
  }
  const config = [...hardened, ...credentialSettings(passed)]
  return {
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes',
    ...passed,
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_TEMPLATE_DIR: '',
    GIT_LFS_SKIP_SMUDGE: '1',
    GIT_CONFIG_COUNT: String(config.length),
    ...Object.fromEntries(
      config.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  }
}

/** A file with Node's own and the extra certificates: git takes one file, which replaces the machine's. */
function certificateBundle({ ca, directory }: GitSettings): string | undefined {
  const extra = ca()
  if (extra.length === 0) return undefined
  const path = join(directory, 'ca.pem')
  writeFileSync(path, [...rootCertificates, ...extra].join('\n'))
  return path
}

/** `credential.*` of the user's own configuration: the one thing of it that has a say. */
function credentialSettings(env: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  const args = ['config', '--global', '--null', '--get-regexp', '^credential\\.']
  const result = spawnSync('git', args, { env, encoding: 'utf8', timeout: 10_000 })
  if (result.error !== undefined) throw cannotRun(result.error)
  // Exit code 1: there are none.
  return result.stdout
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const end = entry.indexOf('\n')
      return end < 0 ? [entry, ''] : [entry.slice(0, end), entry.slice(end + 1)]
    })
}

async function runGit(call: GitCall, env: Readonly<Record<string, string>>): Promise<GitResult> {
  const { args, cwd, signal } = call
  if (signal.aborted) throw canceled()
  const child = spawn('git', [...args], { cwd: cwd ?? '/', env, stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = (): void => void child.kill('SIGTERM')
  signal.addEventListener('abort', stop, { once: true })
  try {
    const result = await ended(child)
    if (signal.aborted) throw canceled()
    return result
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function canceled(): ToolError {
  return new ToolError('canceled', 'fetching was canceled')
}

function ended(child: ChildProcess): Promise<GitResult> {
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(cannotRun(error)))
    child.once('close', (code) => resolve({ exitCode: code ?? -1, ...output }))
  })
}

function cannotRun(error: unknown): ToolError {
  if (errnoCode(error) !== 'ENOENT')
    return new ToolError('git-failed', `cannot run git: ${errorMessage(error)}`, { cause: error })
  return new ToolError('not-supported', 'a git repository is named, and there is no git command on PATH', {
    hint: 'install it (Debian: apt-get install git)',
    cause: error,
  })
}
