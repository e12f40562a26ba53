import { createHash } from 'node:crypto'
import { count, type Decoder, fieldsOf, flag, listOf, mapOf, text } from '../oci/index.ts'
import { present } from '../oci/present.ts'
import type { ProcessMark } from '../sys/index.ts'
import type { PortMapping } from './port-mapping.ts'

/** A network that was made, as `networks/NAME/network.json` of the store has it. */
export interface NetworkRecord {
  readonly name: string
  /** 64 hexadecimal digits. */
  readonly id: string
  /** RFC 3339. */
  readonly created: string
  /** `10.210.0.0/24` */
  readonly subnet: string
  readonly gateway: string
  /** No way out, and no published ports. */
  readonly internal: boolean
  readonly labels: Readonly<Record<string, string>>
}

/** A container's place in a network, as `networks/NAME/leases/ID.json` has it. It counts as long as its owner lives. */
export interface Lease {
  readonly container: string
  /** The container's own name first. */
  readonly names: readonly string[]
  readonly address: string
  readonly macAddress: string
  /** Name of the interface inside. */
  readonly device: string
  /** Published through this network. */
  readonly ports: readonly PortMapping[]
  /** Absolute path of the container's hosts file. */
  readonly hostsFile: string
  readonly owner: ProcessMark
  /** The path by which others reach the network namespace of the owner's container. */
  readonly namespace: string
}

const hint = 'remove the file, or the network with `longshore network rm`'

export const decodeNetwork: Decoder<NetworkRecord> = (value, place) => {
  const fields = fieldsOf(value, { ...place, hint })
  return {
    name: fields.required('name', text),
    id: fields.required('id', text),
    created: fields.required('created', text),
    subnet: fields.required('subnet', text),
    gateway: fields.required('gateway', text),
    internal: fields.required('internal', flag),
    labels: fields.required('labels', mapOf(text)),
  }
}

export const decodeLease: Decoder<Lease> = (value, place) => {
  const fields = fieldsOf(value, { ...place, hint })
  return {
    container: fields.required('container', text),
    names: fields.required('names', listOf(text)),
    address: fields.required('address', text),
    macAddress: fields.required('macAddress', text),
    device: fields.required('device', text),
    ports: fields.required('ports', listOf(mapping)),
    hostsFile: fields.required('hostsFile', text),
    owner: fields.required('owner', mark),
    namespace: fields.required('namespace', text),
  }
}

const mapping: Decoder<PortMapping> = (value, place) => {
  const fields = fieldsOf(value, place)
  return {
    hostIp: fields.required('hostIp', text),
    hostPort: fields.required('hostPort', count),
    containerPort: fields.required('containerPort', count),
    protocol: fields.required('protocol', text) === 'udp' ? 'udp' : 'tcp',
  }
}

const mark: Decoder<ProcessMark> = (value, place) => {
  const fields = fieldsOf(value, place)
  return {
    pid: fields.required('pid', count),
    startTime: fields.required('startTime', text),
    bootId: fields.required('bootId', text),
  }
}

/** Ten hexadecimal digits for what must not meet that of another store or network. */
export function shortHash(...words: readonly string[]): string {
  return createHash('sha256').update(words.join('\0')).digest('hex').slice(0, 10)
}

/** Name of the bridge of a network; at most 15 characters (IFNAMSIZ). */
export function bridgeDevice(root: string, { name, id }: Pick<NetworkRecord, 'name' | 'id'>): string {
  return `ls-${shortHash(root, name, id)}`
}

/** Name of the machine's end of a container's cable. */
export function cableDevice(root: string, network: string, container: string): string {
  return `lv-${shortHash(root, network, container)}`
}

/** A locally administered unicast address that stays with an IPv4 address, as docker's do. */
export function macOf(address: string): string {
  return `02:42:${address
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join(':')}`
}

/** Files of the store are written with these fields only. */
export function encodeRecord(record: NetworkRecord | Lease): string {
  return `${JSON.stringify(present(record), null, 2)}\n`
}
