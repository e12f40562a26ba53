import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import {
  connectContainer,
  createNetwork,
  disconnectContainer,
  openNetworkStore,
  probeNetwork,
  removeNetwork,
} from '../../src/network/index.ts'
import { checkout } from '../support/actor.ts'
import { findTool, type HolderSettings } from '../support/network-holder.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const uid = process.getuid?.() ?? 0
const facts = probeNetwork({ find: findTool, uid, inUserNamespace: false })
const reason = facts.rungs.find(({ rung }) => rung === 'bridge')?.reason

test.skipIf(reason)('a running container is put into a further network, and taken out', async () => {
  const directory = temporaryDirectory()
  const store = openNetworkStore(join(directory, 'store'))
  const created = '2026-01-01T00:00:00Z'
  await createNetwork(store, { name: 'back', internal: true, labels: {} }, created)
  const empty = { ports: [], aliases: [], addHosts: [], dns: [], dnsSearch: [], dnsOptions: [] }
  const request = { id: 'c0ffee', name: 'web', hostname: 'web', domainname: '', mode: 'bridge', ...empty }
  const settings: HolderSettings = {
    ...{ root: store.root, directory: join(directory, 'web'), request, uid: 0, inUserNamespace: false },
    script: 'exec sleep infinity',
  }
  const node = join(checkout, 'node_modules/node/bin/node')
  const words = ['--mount', '--', node, join(checkout, 'test/support/network-holder.ts'), JSON.stringify(settings)]
  const child = spawn('unshare', words, { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(async () => {
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.stdin.end()
    await ended
  })
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
  const open = JSON.parse(value ?? '{}')
  expect(open).toMatchObject({ kind: 'open' })
  const inside = (...args: readonly string[]): string =>
    spawnSync('nsenter', ['--target', String(open.child), '--net', 'ip', ...args], { encoding: 'utf8' }).stdout

  const lease = await connectContainer(store, facts, 'back', 'web', { aliases: ['www'] })
  expect(lease).toMatchObject({ device: 'eth1', names: ['web', 'c0ffee', 'www'] })
  expect(inside('-br', 'addr', 'show', 'eth1')).toContain(lease.address)
  await expect(connectContainer(store, facts, 'back', 'c0ff', { aliases: [] })).rejects.toThrow(
    'is in the network "back" already',
  )
  await expect(removeNetwork(store, 'back')).rejects.toMatchObject({
    code: 'network-in-use',
    message: 'the network "back" is used by a container: web',
  })

  await disconnectContainer(store, facts, 'back', 'web')
  expect(inside('-br', 'addr')).not.toContain('eth1')
  expect(inside('-br', 'addr')).toContain('eth0')
  await expect(disconnectContainer(store, facts, 'back', 'web')).rejects.toThrow('is not in the network "back"')
  expect(readFileSync(open.hostsFile, 'utf8')).toContain('\tweb\n')
  expect(await removeNetwork(store, 'back')).toBe('back')
})
