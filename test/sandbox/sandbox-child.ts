import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ToolError } from '../../src/base/index.ts'
import type { Isolation, Sandbox, SandboxMount } from '../../src/ports/index.ts'
import { openSandbox } from '../../src/sandbox/index.ts'
import * as sys from '../../src/sys/index.ts'

/**
 * Runs containers in a process of its own, as the tool does: in a private mount namespace. Reads a `Job` from stdin
 * and writes a `JobResult` to stdout.
 */
export interface Job {
  readonly isolation?: Isolation
  readonly inUserNamespace: boolean
  readonly runs: readonly RunSpec[]
  /** Runs started at the same time, after those of `runs` have ended one by one. */
  readonly parallel?: readonly RunSpec[]
  /** PATH to find runtimes on; else our own. */
  readonly path?: string
  /** Where the state directory is; else in the job's own temporary directory. */
  readonly stateDirectory?: string
  /** Keep running for ever once this is seen on stdout; the parent kills us. */
  readonly announce?: boolean
}

export interface RunSpec {
  readonly args: readonly string[]
  readonly env?: readonly string[]
  readonly cwd?: string
  readonly user?: string
  /** `prepared`: one that has a bridge called `bridge7`. */
  readonly network?: 'host' | 'none' | 'prepared'
  readonly mounts?: readonly SandboxMount[]
  /** Host shell commands run in the image's directory beforehand; `$BASE`, and `BASE` in sources of mounts, is the job's directory. */
  readonly image?: string
  /** Abort when stdout holds this. */
  readonly abortOn?: string
  readonly abortAtOnce?: boolean
  readonly killOn?: { readonly text: string; readonly signal: NodeJS.Signals }
  readonly terminal?: boolean
  /** When stdout holds this, check that an overlay mounted beside the root before can be taken away for good. */
  readonly releaseOn?: string
}

export interface RunResult {
  readonly exitCode?: number
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string }
  readonly stdout: string
  readonly stderr: string
  /** Whether the overlay beside was let go of; undefined when not asked. */
  readonly released?: boolean
  /** Everything in the upper directory but unchanged directories of the image: `path type mode uid:gid`. */
  readonly upper: readonly string[]
  /** Directories of the image whose modification time is not as it was. */
  readonly touched: readonly string[]
  readonly ms: number
}

export interface JobResult {
  readonly isolation?: Isolation
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string }
  readonly results: readonly RunResult[]
  readonly parallelResults: readonly RunResult[]
  /** Mounts left below the job's directory at the end. */
  readonly mountsLeft: readonly string[]
  readonly stateLeft: readonly string[]
}

// With `--inherit FILE` the job is in a file, the run has our own stdin, stdout and stderr, and its exit code is ours.
const inheritFile = process.argv[2] === '--inherit' ? process.argv[3] : undefined
const job: Job = JSON.parse(readFileSync(inheritFile ?? 0, 'utf8'))
if (!job.inUserNamespace) sys.enterMountNamespace()
const base = mkdtempSync(join(tmpdir(), 'sandbox-test-'))
chmodSync(base, 0o755)
const stateDirectory = job.stateDirectory ?? join(base, 'state')
const isJson = inheritFile === undefined

try {
  const result = await runJob()
  if (isJson) process.stdout.write(JSON.stringify(result))
  else process.exitCode = result.results[0]?.exitCode ?? 99
  if (!isJson && result.results[0]?.error) console.error(result.results[0].error)
} finally {
  rmSync(base, { recursive: true, force: true })
}

async function runJob(): Promise<JobResult> {
  let sandbox: Sandbox
  try {
    sandbox = await openSandbox({
      ...(job.isolation === undefined ? {} : { isolation: job.isolation }),
      ...{ stateDirectory, env: { PATH: job.path ?? process.env['PATH'] }, inUserNamespace: job.inUserNamespace },
      probeCacheFile: join(base, 'probes.json'),
    })
  } catch (error) {
    return { error: describeError(error), results: [], parallelResults: [], mountsLeft: [], stateLeft: [] }
  }
  const results: RunResult[] = []
  for (const [index, spec] of job.runs.entries()) results.push(await runOne(sandbox, spec, index))
  const parallel = (job.parallel ?? []).map((spec, index) => runOne(sandbox, spec, job.runs.length + index))
  const parallelResults = await Promise.all(parallel)
  const table = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const mountsLeft = table.filter((line) => line.includes(base))
  const stateLeft = readdirSync(stateDirectory)
  return { isolation: sandbox.isolation, results, parallelResults, mountsLeft, stateLeft }
}

async function runOne(sandbox: Sandbox, spec: RunSpec, index: number): Promise<RunResult> {
  // A space in the path: none of the tools may trip over it.
  const directory = join(base, `run ${index}`)
  for (const name of ['image', 'upper', 'work', 'root', 'scratch'])
    mkdirSync(join(directory, name), { recursive: true })
  const at = (name: string): string => join(directory, name)
  makeImage(at('image'))
  if (spec.image !== undefined)
    execFileSync('sh', ['-ec', spec.image], { cwd: at('image'), env: { ...process.env, BASE: base } })
  const options = `lowerdir=${at('image')},upperdir=${at('upper')},workdir=${at('work')}`
  sys.mount('overlay', at('root'), 'overlay', 0, options + (job.inUserNamespace ? ',userxattr' : ''))
  const beside = spec.releaseOn === undefined ? undefined : overlayBeside(join(directory, 'be side'), at('image'))
  let released: boolean | undefined
  let [stdout, stderr] = ['', '']
  const started = performance.now()
  const abort = new AbortController()
  let ms = 0
  let end: Pick<RunResult, 'exitCode' | 'error'>
  try {
    const run = sandbox.start({
      id: `test-${process.pid}-${index}`,
      ...{ rootfs: at('root'), scratch: at('scratch'), args: spec.args, env: spec.env ?? ['PATH=/bin'] },
      ...{ cwd: spec.cwd ?? '/', user: spec.user ?? '', hostname: 'box', network: spec.network ?? 'host' },
      ...(spec.network === 'prepared' ? { enter: preparedNetwork(at('network')) } : {}),
      mounts: (spec.mounts ?? []).map((mount) =>
        mount.kind === 'bind' ? { ...mount, source: mount.source.replace('BASE', base) } : mount,
      ),
      terminal: spec.terminal ?? false,
      stdio: isJson ? { kind: 'capture', onOutput: onOutput } : { kind: 'inherit', stdin: true },
      signal: abort.signal,
    })
    function onOutput(stream: 'stdout' | 'stderr', chunk: Uint8Array): void {
      const text = Buffer.from(chunk).toString()
      if (stream === 'stdout') stdout += text
      else stderr += text
      if (job.announce) process.stderr.write(text)
      if (spec.releaseOn !== undefined && released === undefined && stdout.includes(spec.releaseOn))
        released = beside?.release()
      if (spec.abortOn !== undefined && stdout.includes(spec.abortOn)) abort.abort()
      if (spec.killOn !== undefined && text.includes(spec.killOn.text)) run.kill(spec.killOn.signal)
    }
    if (spec.abortAtOnce) abort.abort()
    end = { exitCode: (await run.done).exitCode }
  } catch (error) {
    end = { error: describeError(error) }
  }
  ms = performance.now() - started
  sys.umount(at('root'))
  if (spec.network === 'prepared') sys.umount(at('network'))
  return {
    ...end,
    stdout,
    stderr,
    ...(released === undefined ? {} : { released }),
    ...changes(at('upper'), at('image')),
    ms,
  }
}

/**
 * Mounts an overlay whose upper directory the kernel guards (`index=on`): it can be mounted again only when nobody
 * holds the first mount any more, in whatever namespace.
 */
function overlayBeside(directory: string, image: string): { release(): boolean } {
  for (const name of ['upper', 'work', 'root']) mkdirSync(join(directory, name), { recursive: true })
  const options = `lowerdir=${image},upperdir=${directory}/upper,workdir=${directory}/work,index=on`
  const mount = (): void => sys.mount('overlay', join(directory, 'root'), 'overlay', 0, options)
  mount()
  return {
    release() {
      sys.umount(join(directory, 'root'))
      try {
        mount()
      } catch {
        // EBUSY: still held.
        return false
      }
      sys.umount(join(directory, 'root'))
      return true
    },
  }
}

/** Makes a network namespace and returns what enters it. The mount on `path` keeps it until the job ends. */
function preparedNetwork(path: string): (command: readonly string[]) => readonly string[] {
  writeFileSync(path, '')
  const script = 'ip link set lo up; ip link add bridge7 type bridge; mount --bind /proc/self/ns/net "$1"'
  execFileSync('unshare', ['--net', 'sh', '-ec', script, 'sh', path])
  return (command) => ['/usr/bin/nsenter', `--net=${path}`, '--', ...command]
}

function makeImage(root: string): void {
  for (const name of ['bin', 'etc', 'tmp', 'root', 'home']) mkdirSync(join(root, name))
  chmodSync(join(root, 'tmp'), 0o1777)
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'))
  const applets =
    'sh true false echo cat env id ls stat stty sleep grep pwd hostname ps kill wget mount umount chroot test readlink ip tty seq dd mknod unshare ln mkdir chmod chown touch rm nc head'
  for (const name of applets.split(' ')) symlinkSync('busybox', join(root, 'bin', name))
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n')
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\napp:x:1000:\nextra:x:2000:app\n')
}

function describeError(error: unknown): { code: string; message: string; hint?: string } {
  if (!(error instanceof ToolError))
    return { code: 'unexpected', message: error instanceof Error ? (error.stack ?? '') : String(error) }
  return { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) }
}

/** What a run left in the upper directory, and what it did to directories that were there before. */
function changes(upper: string, image: string): { upper: string[]; touched: string[] } {
  const entries: string[] = []
  const touched: string[] = []
  for (const name of readdirSync(upper, { recursive: true, encoding: 'utf8' }).sort()) {
    const now = lstatSync(join(upper, name), { bigint: true })
    const before = lstatSync(join(image, name), { bigint: true, throwIfNoEntry: false })
    if (now.isDirectory() && before?.isDirectory()) {
      if (now.mtimeNs !== before.mtimeNs) touched.push(name)
      continue
    }
    const type = now.isDirectory() ? 'directory' : now.isFile() ? 'file' : now.isSymbolicLink() ? 'symlink' : 'other'
    entries.push(`${name} ${type} ${(Number(now.mode) & 0o7777).toString(8)} ${now.uid}:${now.gid}`)
  }
  return { upper: entries, touched }
}
