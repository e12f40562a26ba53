import { ToolError } from '../base/index.ts'
import { type NetworkWishes, planRecord } from './bridge.ts'
import { routedSubnets } from './host-routes.ts'
import type { NetworkRecord } from './network-record.ts'
import type { NetworkStore } from './network-store.ts'

const reserved = ['bridge', 'host', 'none', 'default', 'container']

/**
 * Makes a network, which is a record until a container uses it. `created` is RFC 3339. Throws `ToolError` `usage` for a
 * bad name, subnet or gateway, `name-in-use` when there is one of that name.
 */
export function createNetwork(store: NetworkStore, wishes: NetworkWishes, created: string): Promise<NetworkRecord> {
  const { name } = wishes
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/.test(name) || reserved.includes(name)) {
    throw new ToolError('usage', `"${name}" cannot be the name of a network`, {
      hint: reserved.includes(name)
        ? 'it is one that there always is; choose another'
        : 'use letters, digits, _ . and -, the first a letter or digit, at most 63',
    })
  }
  return store.locked(() => {
    if (store.has(name)) {
      throw new ToolError('name-in-use', `there is a network named "${name}" already`, {
        hint: `choose another name, or remove that one: longshore network rm ${name}`,
      })
    }
    const record = planRecord(wishes, store.networks(), routedSubnets(), created)
    store.write(record)
    return record
  })
}

/** Removes a network and returns its name. Throws `ToolError` `network-not-found`, `network-in-use`, or `usage` for one that there always is. */
export function removeNetwork(store: NetworkStore, reference: string): Promise<string> {
  if (reserved.includes(reference)) {
    throw new ToolError('usage', `the network "${reference}" is always there and cannot be removed`)
  }
  return store.locked(() => {
    const { name } = store.find(reference)
    const users = store.leases(name).map(({ names, container }) => names[0] ?? container.slice(0, 12))
    if (users.length > 0) {
      const [first = ''] = users
      const who = users.length === 1 ? `a container: ${first}` : `containers: ${users.join(', ')}`
      throw new ToolError('network-in-use', `the network "${name}" is used by ${who}`, {
        hint: `stop it, or take it out: longshore network disconnect ${name} ${first}`,
      })
    }
    store.remove(name)
    return name
  })
}

/** Removes the networks that no container uses and `chosen` picks; returns their names. */
export function pruneNetworks(
  store: NetworkStore,
  chosen: (record: NetworkRecord) => boolean,
): Promise<readonly string[]> {
  return store.locked(() => {
    const names = store
      .networks()
      .filter((record) => record.name !== 'bridge' && chosen(record) && store.leases(record.name).length === 0)
      .map(({ name }) => name)
    for (const name of names) store.remove(name)
    return names
  })
}
