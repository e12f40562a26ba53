import { count, type Decoder, fieldsOf, flag, integer, listOf, text } from '../oci/index.ts'
import { present } from '../oci/present.ts'
import type { PortSpec } from './container-spec.ts'
import { oneOf, port } from './decode-spec.ts'

export const statuses = ['created', 'running', 'paused', 'restarting', 'exited'] as const
export type ContainerStatus = (typeof statuses)[number]

/** A process that can be told from a later one of the same number. */
export interface ProcessMark {
  readonly pid: number
  /** Clock ticks since boot, field 22 of /proc/PID/stat. */
  readonly startTime: string
  readonly bootId: string
}

/** One run of a health check. */
export interface HealthProbe {
  readonly start: string
  readonly end: string
  readonly exitCode: number
  readonly output: string
}

export interface HealthState {
  readonly status: 'starting' | 'healthy' | 'unhealthy'
  readonly failingStreak: number
  /** The last five. */
  readonly log: readonly HealthProbe[]
}

/** A container's place in a network. */
export interface EndpointState {
  readonly network: string
  readonly address: string
  readonly prefixLength: number
  readonly gateway: string
  readonly macAddress: string
}

export interface ConnectionState {
  readonly ports: readonly PortSpec[]
  readonly endpoints: readonly EndpointState[]
}

/** How a container is. Written by its supervisor; `created` until one has started it. */
export interface ContainerState {
  readonly status: ContainerStatus
  /** The container's first process on the machine; 0 when there is none. */
  readonly pid: number
  readonly exitCode: number
  /** Why it could not be started, or what went wrong. */
  readonly error: string
  readonly oomKilled: boolean
  readonly restartCount: number
  /** RFC 3339; absent when it never was. */
  readonly startedAt?: string
  readonly finishedAt?: string
  readonly supervisor?: ProcessMark
  /** How it is connected, as long as it runs: ports that were chosen, places in networks. */
  readonly connection?: ConnectionState
  readonly health?: HealthState
}

/** The state of a container that was never started. */
export const createdState: ContainerState = {
  status: 'created',
  pid: 0,
  exitCode: 0,
  error: '',
  oomKilled: false,
  restartCount: 0,
}

/** True while a supervisor looks after the container. */
export function isActive({ status }: Pick<ContainerState, 'status'>): boolean {
  return status === 'running' || status === 'paused' || status === 'restarting'
}

/** Decodes a container's `state.json`. Throws `ToolError` `invalid-document`. */
export const decodeState: Decoder<ContainerState> = (value, place) => {
  const fields = fieldsOf(value, place)
  return present({
    status: fields.required('status', oneOf(...statuses)),
    pid: fields.required('pid', count),
    exitCode: fields.required('exitCode', integer),
    error: fields.required('error', text),
    oomKilled: fields.required('oomKilled', flag),
    restartCount: fields.required('restartCount', count),
    startedAt: fields.optional('startedAt', text),
    finishedAt: fields.optional('finishedAt', text),
    supervisor: fields.optional('supervisor', mark),
    connection: fields.optional('connection', connection),
    health: fields.optional('health', health),
  })
}

const mark: Decoder<ProcessMark> = (value, place) => {
  const fields = fieldsOf(value, place)
  return {
    pid: fields.required('pid', count),
    startTime: fields.required('startTime', text),
    bootId: fields.required('bootId', text),
  }
}

const endpoint: Decoder<EndpointState> = (value, place) => {
  const fields = fieldsOf(value, place)
  return {
    network: fields.required('network', text),
    address: fields.required('address', text),
    prefixLength: fields.required('prefixLength', count),
    gateway: fields.required('gateway', text),
    macAddress: fields.required('macAddress', text),
  }
}

const connection: Decoder<ConnectionState> = (value, place) => {
  const fields = fieldsOf(value, place)
  return {
    ports: fields.required('ports', listOf(port)),
    endpoints: fields.required('endpoints', listOf(endpoint)),
  }
}

const probe: Decoder<HealthProbe> = (value, place) => {
  const fields = fieldsOf(value, place)
  return {
    start: fields.required('start', text),
    end: fields.required('end', text),
    exitCode: fields.required('exitCode', integer),
    output: fields.required('output', text),
  }
}

const health: Decoder<HealthState> = (value, place) => {
  const fields = fieldsOf(value, place)
  return {
    status: fields.required('status', oneOf('starting', 'healthy', 'unhealthy')),
    failingStreak: fields.required('failingStreak', count),
    log: fields.required('log', listOf(probe)),
  }
}
