import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { assertNever, compareCodeUnits, errnoCode, errorMessage, invariant, ToolError } from '../base/index.ts'
import type { ExecuteRequest } from '../build/index.ts'
import type { BindMount, CacheMount, InlineFile, RunMount, RunOperation, SecretMount, SshMount } from '../ir/index.ts'
import type { SandboxMount } from '../ports/index.ts'
import { relayAgent, startKeyAgent } from '../ssh/index.ts'
import { type CacheMountLease, type CacheMountRequest, leaseCacheMount } from '../store/cache-mounts.ts'
import { MNT_DETACH, MS_NODEV, MS_NOEXEC, MS_NOSUID, mount, umount } from '../sys/index.ts'
import { type AgentSources, agentSocket } from './agent-sources.ts'
import type { FileMounter } from './mounted-files.ts'
import { missingSecret, readSecret, type Secrets } from './secrets.ts'
import type { TravellingMounts } from './travelling-mounts.ts'

/** What the mounts of RUN steps are made with. */
export interface RunMountSettings {
  readonly storeRoot: string
  readonly files: FileMounter
  readonly secrets: Secrets
  readonly agents: AgentSources
  /** Cache mounts in caches elsewhere. */
  readonly travelling: () => TravellingMounts | undefined
  /** The host's environment: secrets, SSH_AUTH_SOCK, PATH. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The mounts of one RUN, ready for the sandbox. */
export interface PreparedMounts {
  readonly mounts: readonly SandboxMount[]
  /** `K=V` of secrets that are variables, and SSH_AUTH_SOCK. */
  readonly env: readonly string[]
  /** Where the sandbox may write its files, which hold the environment: in memory when there is a secret in it. */
  readonly scratch: string
  /** Takes everything down again. */
  release(): Promise<void>
}

/**
 * Prepares what the mounts of a RUN show; `directory` is the step's own. Throws `ToolError` `secret-not-found` for what
 * is required and was not given, and what reading and mounting throw; nothing is left then.
 */
export async function prepareMounts(
  settings: RunMountSettings,
  operation: RunOperation,
  request: ExecuteRequest,
  directory: string,
): Promise<PreparedMounts> {
  const preparation = new MountPreparation(settings, request, directory)
  try {
    if (operation.script !== undefined) preparation.addScript(operation.script)
    await preparation.leaseCaches(operation.mounts)
    for (const one of operation.mounts) await preparation.add(one)
    return preparation
  } catch (error) {
    await preparation.release()
    // Our own mistakes pass through.
    if (error instanceof ToolError || errnoCode(error) === undefined) throw error
    throw new ToolError('system-call-failed', `cannot prepare the mounts: ${errorMessage(error)}`, {
      hint: 'an ordinary user has a limited range of ids: see uid and gid of the mounts',
      cause: error,
    })
  }
}

class MountPreparation implements PreparedMounts {
  readonly mounts: SandboxMount[] = []
  readonly env: string[] = []
  scratch: string
  readonly #settings: RunMountSettings
  readonly #request: ExecuteRequest
  readonly #directory: string
  readonly #releases: (() => void | Promise<void>)[] = []
  readonly #leases = new Map<string, CacheMountLease>()
  #private: string | undefined
  #names = 0

  constructor(settings: RunMountSettings, request: ExecuteRequest, directory: string) {
    this.#settings = settings
    this.#request = request
    this.#directory = directory
    this.scratch = directory
  }

  async add(wanted: RunMount): Promise<void> {
    switch (wanted.kind) {
      case 'bind':
        return this.#bind(wanted)
      case 'cache':
        return this.#cache(wanted)
      case 'tmpfs': {
        const size = wanted.sizeBytes === undefined ? {} : { sizeBytes: wanted.sizeBytes }
        this.mounts.push({ kind: 'tmpfs', target: wanted.target, ...size })
        return
      }
      case 'secret':
        return this.#secret(wanted)
      case 'ssh':
        return this.#ssh(wanted)
      default:
        return assertNever(wanted)
    }
  }

  /** The heredoc as a program below /dev/pipes, where no layer is. */
  addScript(script: InlineFile): void {
    const directory = join(this.#directory, 'pipes')
    mkdirSync(directory)
    chmodSync(directory, 0o755)
    const file = join(directory, script.name)
    writeFileSync(file, script.content)
    chmodSync(file, 0o755)
    this.mounts.push({ kind: 'bind', source: directory, target: '/dev/pipes', readonly: true })
  }

  async release(): Promise<void> {
    for (const release of this.#releases.splice(0).reverse()) await release()
  }

  async #bind(wanted: BindMount): Promise<void> {
    const files = this.#filesOf(wanted)
    const opened = await this.#settings.files.open(files, wanted, !wanted.readonly)
    this.#releases.push(() => opened.release())
    this.mounts.push({ kind: 'bind', source: opened.path, target: wanted.target, readonly: wanted.readonly })
  }

  /**
   * Leases the caches of all mounts, each once, since a step would wait for itself, and in one order for all steps,
   * since two that lock the same caches would wait for each other.
   */
  async leaseCaches(mounts: readonly RunMount[]): Promise<void> {
    const strictness = ['shared', 'private', 'locked'] as const
    const caches = mounts
      .filter((one) => one.kind === 'cache')
      .map((wanted) => ({ wanted, name: JSON.stringify(this.#cacheRequest(wanted)) }))
      .toSorted((a, b) => compareCodeUnits(a.name, b.name))
    for (const { wanted, name } of caches) {
      if (this.#leases.has(name)) continue
      const same = caches
        .filter((other) => other.name === name)
        .map((other) => strictness.indexOf(other.wanted.sharing))
      const sharing = strictness[Math.max(...same)] ?? 'shared'
      const holder = {
        fill: (directory: string): Promise<void> => this.#fillCache(wanted, directory),
        onWait: (): void => this.#say(`waiting for the cache "${wanted.id}", which another step or build has locked`),
      }
      const request = { ...this.#cacheRequest(wanted), sharing }
      const leased = await leaseCacheMount(this.#settings.storeRoot, request, holder, this.#request.signal)
      this.#releases.push(() => leased.release())
      this.#leases.set(name, leased)
      this.#settings.travelling()?.used(this.#cacheRequest(wanted), leased.directory)
    }
  }

  #cacheRequest(wanted: CacheMount): Omit<CacheMountRequest, 'sharing'> {
    const { id, mode, uid, gid, initial } = wanted
    const initialContent = initial === undefined ? {} : { initialContent: this.#filesOf(wanted).digest }
    return { id, mode, uid, gid, ...initialContent }
  }

  async #fillCache(wanted: CacheMount, directory: string): Promise<void> {
    if (await this.#settings.travelling()?.fill(this.#cacheRequest(wanted), directory)) return
    if (wanted.initial === undefined) return
    await this.#settings.files.copyInto(directory, wanted.initial, this.#filesOf(wanted).source)
  }

  /** A line among the step's own output. */
  #say(line: string): void {
    this.#request.onOutput('stderr', Buffer.from(`${line}\n`))
  }

  #cache(wanted: CacheMount): void {
    const leased = this.#leases.get(JSON.stringify(this.#cacheRequest(wanted)))
    invariant(leased !== undefined, `no lease of the cache ${wanted.id}`)
    this.mounts.push({ kind: 'bind', source: leased.directory, target: wanted.target, readonly: wanted.readonly })
  }

  #filesOf(wanted: BindMount | CacheMount): ExecuteRequest['mounts'][number] {
    const files = this.#request.mounts.find((candidate) => candidate.mount === wanted)
    invariant(files !== undefined, `no files for the mount on ${wanted.target}`)
    return files
  }

  #secret(wanted: SecretMount): void {
    const { secrets, env } = this.#settings
    const value = readSecret(secrets, wanted.id, env)
    if (value === undefined) {
      if (wanted.required) throw missingSecret(secrets, wanted.id)
      return
    }
    if (wanted.env !== undefined) {
      this.env.push(`${wanted.env}=${secretText(wanted, value)}`)
      this.#moveScratch()
    }
    if (wanted.target === undefined) return
    const file = this.#privatePath('secret')
    writeFileSync(file, value, { mode: 0o600 })
    chownSync(file, wanted.uid, wanted.gid)
    chmodSync(file, wanted.mode)
    this.mounts.push({ kind: 'bind', source: file, target: wanted.target, readonly: true })
  }

  async #ssh(wanted: SshMount): Promise<void> {
    const { agents, env } = this.#settings
    const source = agentSocket(agents, wanted.id, env)
    if (source === undefined) {
      if (!wanted.required) return
      throw new ToolError('secret-not-found', `ssh agent "${wanted.id}": not found`, {
        hint: `give it with --ssh ${wanted.id}, and start an agent (eval $(ssh-agent); ssh-add) if there is none`,
      })
    }
    const agent = source.kind === 'socket' ? source.path : await this.#keyAgent(source.files)
    const { mode, uid, gid, target } = wanted
    const path = this.#privatePath('ssh')
    const relay = await relayAgent({ path, mode, uid, gid, agent })
    this.#releases.push(() => relay.close())
    this.mounts.push({ kind: 'bind', source: path, target, readonly: false })
    if (!this.env.some((entry) => entry.startsWith('SSH_AUTH_SOCK='))) this.env.push(`SSH_AUTH_SOCK=${target}`)
  }

  async #keyAgent(files: readonly string[]): Promise<string> {
    const directory = this.#privatePath('agent')
    mkdirSync(directory, { mode: 0o700 })
    const path = this.#settings.env['PATH']
    const agent = await startKeyAgent(files, directory, path === undefined ? {} : { PATH: path })
    this.#releases.push(() => agent.close())
    return agent.socket
  }

  #moveScratch(): void {
    if (this.scratch !== this.#directory) return
    this.scratch = this.#privatePath('scratch')
    mkdirSync(this.scratch, { mode: 0o700 })
  }

  /** A fresh path in memory: what lies there never gets to a disk, and is gone with this process. */
  #privatePath(name: string): string {
    if (this.#private === undefined) {
      const directory = join(this.#directory, 'private')
      mkdirSync(directory)
      mount('tmpfs', directory, 'tmpfs', MS_NOSUID | MS_NODEV | MS_NOEXEC, 'mode=700')
      this.#releases.push(() => umount(directory, MNT_DETACH))
      this.#private = directory
    }
    this.#names += 1
    return join(this.#private, `${this.#names}-${name}`)
  }
}

function secretText(wanted: SecretMount, value: Buffer): string {
  if (!value.includes(0)) return value.toString('utf8')
  throw new ToolError('step-failed', `the secret "${wanted.id}" cannot be a variable: it holds a zero byte`, {
    hint: 'mount it as a file: drop env from the mount',
  })
}
