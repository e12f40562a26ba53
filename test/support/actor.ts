import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Root of the checkout. */
export const checkout = resolve(import.meta.dirname, '../..')

/** Somebody who runs commands: the machine's root, or an ordinary user with a subuid range. */
export interface Actor {
  readonly name: 'root' | 'user'
  /** A directory that is theirs; holds their store as `store`. */
  readonly home: string
  /** Command and arguments that run `command` as them, in the directory `cwd`. */
  wrap(command: readonly string[], cwd: string, env: Readonly<Record<string, string>>): readonly string[]
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
  readonly timeoutMs?: number
}

/** An ordinary user's id in tests; it needs no entry on the machine. */
const testUid = 23456

/**
 * Why the actor cannot be had on this machine, or undefined. A test skips with this text; CI counts that as a failure.
 */
export function unavailable(name: Actor['name']): string | undefined {
  const uid = process.getuid?.() ?? 0
  if (name === 'root') return uid === 0 ? undefined : 'needs root'
  if (uid !== 0) return subordinateIds() ? undefined : 'the current user has no subuid range (Debian package uidmap)'
  return existsSync('/usr/bin/newuidmap') ? undefined : 'newuidmap is missing (Debian package uidmap)'
}

function subordinateIds(): boolean {
  return spawnSync('unshare', ['--user', '--map-auto', '--map-root-user', 'true']).status === 0
}

/** The actor, with `home` inside `directory`. */
export function makeActor(name: Actor['name'], directory: string): Actor {
  const home = join(directory, `home-${name}`)
  mkdirSync(home, { recursive: true })
  if (name === 'root' || process.getuid?.() !== 0) return { name, home, wrap: (command, _cwd, _env) => command }
  return userActor(directory, home)
}

/**
 * An ordinary user made for one test run: it exists only in a mount namespace in which /etc/passwd, /etc/subuid and
 * /etc/subgid are other files, so the machine is left as it is.
 */
function userActor(directory: string, home: string): Actor {
  chownSync(home, testUid, testUid)
  const files = join(directory, 'etc')
  mkdirSync(files, { recursive: true })
  const passwd = readFileSync('/etc/passwd', 'utf8')
  writeFileSync(join(files, 'passwd'), `${passwd}longshore-test:x:${testUid}:${testUid}::${home}:/bin/sh\n`)
  writeFileSync(join(files, 'group'), `${readFileSync('/etc/group', 'utf8')}longshore-test:x:${testUid}:\n`)
  for (const name of ['subuid', 'subgid']) writeFileSync(join(files, name), 'longshore-test:1000000:65536\n')
  const script = [
    'for name in passwd group subuid subgid; do [ -e "/etc/$name" ] && mount --bind "$1/$name" "/etc/$name"; done',
    'mount -t tmpfs -o mode=755 none /mnt && mkdir /mnt/longshore && mount --bind "$2" /mnt/longshore',
    'cd "$3" && shift 3',
    `exec setpriv --reuid=${testUid} --regid=${testUid} --clear-groups --inh-caps=-all -- "$@"`,
  ].join('\n')
  return {
    name: 'user',
    home,
    wrap: (command, cwd) => [
      'unshare',
      '--mount',
      'sh',
      '-ec',
      script,
      'sh',
      files,
      checkout,
      cwd,
      ...command.map(shown),
    ],
  }
}

/** The checkout as the user sees it: its real place may be closed to them. */
function shown(word: string): string {
  return word.replaceAll(`${checkout}/`, '/mnt/longshore/')
}

/** The whole environment of a command that the actor runs: the machine's own does not reach it. */
export function environment(actor: Actor, extra: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: actor.home,
    LANG: 'C.UTF-8',
    LONGSHORE_ROOT: join(actor.home, 'store'),
    ...extra,
  }
}

/** Where to start the command that `wrap` makes: an actor that it turns us into goes to its own directory itself. */
export function spawnDirectory(actor: Actor, cwd: string): string {
  return actor.name === 'root' || process.getuid?.() !== 0 ? cwd : '/'
}

/** Runs any command as the actor and waits for it. */
export function runAs(actor: Actor, command: readonly string[], options: RunOptions = {}): SpawnSyncReturns<string> {
  const env = environment(actor, options.env)
  const [program = '', ...args] = actor.wrap(command, options.cwd ?? actor.home, env)
  return spawnSync(program, args, {
    cwd: spawnDirectory(actor, options.cwd ?? actor.home),
    env,
    encoding: 'utf8',
    input: options.input ?? '',
    timeout: options.timeoutMs ?? 120_000,
    maxBuffer: 1 << 28,
  })
}

/** Runs `longshore` with arguments as the actor. */
export function longshore(actor: Actor, args: readonly string[], options: RunOptions = {}): SpawnSyncReturns<string> {
  return runAs(actor, [join(checkout, 'bin/longshore'), ...args], options)
}

/** Starts `longshore` as the actor and returns the child. Its output is piped. */
export function startLongshore(actor: Actor, args: readonly string[], options: RunOptions = {}): ChildProcess {
  return startAs(actor, [join(checkout, 'bin/longshore'), ...args], options)
}

function startAs(actor: Actor, command: readonly string[], options: RunOptions): ChildProcess {
  const cwd = options.cwd ?? actor.home
  const env = environment(actor, options.env)
  const [program = '', ...rest] = actor.wrap(command, cwd, env)
  return spawn(program, rest, { cwd: spawnDirectory(actor, cwd), env, stdio: ['pipe', 'pipe', 'pipe'] })
}

/** Options of unshare(1) with which an ordinary user becomes root of a user namespace, as the product does it. */
export const userNamespace = ['unshare', '--user', '--map-auto', '--map-root-user', '--mount'] as const

/** Makes a folder and all in it the actor's own, setuid and setgid bits kept, which chown(2) clears. */
export function giveTo(actor: Actor, directory: string): void {
  if (actor.name !== 'user' || process.getuid?.() !== 0) return
  const search = [directory, '-type', 'f', '-perm', '/6000', '-printf', '%m %p\\0']
  const special = spawnSync('find', search, { encoding: 'utf8' }).stdout.split('\0').slice(0, -1)
  const result = spawnSync('chown', ['-hR', `${testUid}:${testUid}`, directory], { encoding: 'utf8' })
  if (result.status !== 0) throw new Error(result.stderr)
  for (const line of special) {
    const [mode = '', ...path] = line.split(' ')
    chmodSync(path.join(' '), Number.parseInt(mode, 8))
  }
}

/** Copies a folder of the checkout to a place the actor owns. */
export function copyFor(actor: Actor, from: string, to: string): string {
  const target = join(actor.home, to)
  cpSync(join(checkout, from), target, { recursive: true })
  giveTo(actor, target)
  return target
}

/** Writes files (path to text) into a directory of the actor's and returns it. */
export function contextFor(actor: Actor, name: string, files: Readonly<Record<string, string>>): string {
  const directory = join(actor.home, name)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(directory, path, '..'), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
  giveTo(actor, directory)
  return directory
}

/** Runs `longshore` as the actor without blocking this process, and collects what it prints. */
export async function longshoreAsync(actor: Actor, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return runAsAsync(actor, [join(checkout, 'bin/longshore'), ...args], options)
}

/** How a command ended, and what it printed. */
export interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** As `longshoreAsync`, for any command. */
export async function runAsAsync(actor: Actor, command: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = startAs(actor, command, options)
  const collected = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      collected[name] += text
    })
  }
  // A command that ends without reading its input is no failure of the test.
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input ?? '')
  const status = await new Promise<number>((done) => child.once('close', (code) => done(code ?? -1)))
  return { status, ...collected }
}
