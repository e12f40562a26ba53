import type { ContainerConfig, Healthcheck, Platform } from '../oci/index.ts'
import { StageVariables } from './stage-variables.ts'
import type { Operation, StageBase } from './types.ts'

/** The search path of an image that has none. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The shell of the shell form when SHELL says nothing. */
const defaultShell: readonly string[] = ['/bin/sh', '-c']

/** Where a stage begins. */
export interface StageStart {
  readonly base: StageBase
  readonly platform: Platform
  readonly config: ContainerConfig
  readonly author?: string | undefined
  /** False when nobody knows what the base image sets. */
  readonly baseKnown: boolean
  /** The stage it is built on, whose ARGs it inherits. */
  readonly parent?: StageState | undefined
}

/** A stage while its instructions are being lowered: what the image config will be, and the operations so far. */
export class StageState {
  readonly base: StageBase
  readonly platform: Platform
  readonly baseKnown: boolean
  readonly variables: StageVariables
  readonly operations: Operation[] = []
  readonly labels: Map<string, string>
  readonly exposedPorts: Set<string>
  readonly volumes: Set<string>
  readonly onBuild: string[] = []
  author: string | undefined
  user: string
  /** Absolute and clean. */
  workingDir: string
  /** Whether a WORKDIR of this file, here or in a parent, made `workingDir` known. */
  workingDirSet: boolean
  cmd: readonly string[] | undefined
  /** Whether this stage itself has a CMD, which ENTRYPOINT then leaves alone. */
  cmdSet = false
  entrypoint: readonly string[] | undefined
  stopSignal: string | undefined
  healthcheck: Healthcheck | undefined
  shell: readonly string[] | undefined
  argsEscaped: boolean

  constructor({ base, platform, config, author, parent, baseKnown }: StageStart) {
    this.base = base
    this.baseKnown = baseKnown
    this.platform = platform
    this.variables = parent?.variables.fork() ?? StageVariables.ofImage(config.env ?? [])
    if (this.variables.lookup('PATH') === undefined) this.variables.setEnv('PATH', defaultPath)
    this.labels = new Map(Object.entries(config.labels ?? {}))
    this.exposedPorts = new Set(config.exposedPorts)
    this.volumes = new Set(config.volumes)
    this.author = author
    this.user = config.user ?? ''
    this.workingDir = config.workingDir || '/'
    this.workingDirSet = parent?.workingDirSet ?? false
    this.cmd = config.cmd
    this.entrypoint = config.entrypoint
    this.stopSignal = config.stopSignal
    this.healthcheck = config.healthcheck
    this.shell = config.shell
    this.argsEscaped = config.argsEscaped ?? false
  }

  /** The argument vector of a command in shell form. */
  shellArgs(text: string): string[] {
    return [...(this.shell ?? defaultShell), text]
  }

  /** The image config as it stands. Lists that are sets in the format come sorted; what is empty is absent. */
  config(): ContainerConfig {
    const { user, cmd, entrypoint, stopSignal, shell, healthcheck } = this
    return {
      ...(user === '' ? {} : { user }),
      ...(this.exposedPorts.size === 0 ? {} : { exposedPorts: [...this.exposedPorts].sort() }),
      env: this.variables.imageEnv(),
      ...(entrypoint === undefined || entrypoint.length === 0 ? {} : { entrypoint }),
      ...(cmd === undefined || cmd.length === 0 ? {} : { cmd }),
      ...(this.volumes.size === 0 ? {} : { volumes: [...this.volumes].sort() }),
      workingDir: this.workingDir,
      ...(this.labels.size === 0 ? {} : { labels: Object.fromEntries(this.labels) }),
      ...(stopSignal === undefined ? {} : { stopSignal }),
      ...(shell === undefined ? {} : { shell }),
      ...(healthcheck === undefined ? {} : { healthcheck }),
      ...(this.onBuild.length === 0 ? {} : { onBuild: [...this.onBuild] }),
      ...(this.argsEscaped ? { argsEscaped: true } : {}),
    }
  }
}
