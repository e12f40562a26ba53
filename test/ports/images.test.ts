import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest'
import { imagePort } from '../../src/engine/images.ts'
import { openRegistry } from '../../src/registry/index.ts'
import { openStore } from '../../src/store/index.ts'
import { openSession } from '../../src/store/session.ts'
import { LayoutWriter, makeTar, pushLayout } from '../support/oci-image.ts'
import {
  type FaultyProxy,
  missingRegistryParts,
  startFaultyProxy,
  startRegistry,
  type TestRegistry,
} from '../support/registry.ts'
import { makeTemporaryDirectory, removeDirectory, temporaryDirectory } from '../support/temporary.ts'
import { describeImagePort } from './image-port.ts'

const reason = process.getuid?.() === 0 ? missingRegistryParts() : 'needs root, to unpack layers'

describe.skipIf(reason !== undefined)('a registry and a store', () => {
  let registry: TestRegistry
  let proxy: FaultyProxy
  beforeAll(async () => {
    registry = await startRegistry()
    proxy = await startFaultyProxy(registry.url)
    const folder = makeTemporaryDirectory()
    try {
      mkdirSync(join(folder, 'layout'))
      const layout = new LayoutWriter(join(folder, 'layout'))
      const tars = [await makeTar({ 'etc/name': 'base' }), await makeTar({ 'etc/name': 'app', 'bin/app': 'app' })]
      const layers = tars.map((tar) => ({ tar, compression: 'gzip' }) as const)
      layout.finish({ one: layout.addImage({ os: 'linux', architecture: 'amd64' }, layers) })
      await pushLayout(layout.folder, 'one', `${registry.host}/app:1`)
    } finally {
      removeDirectory(folder)
    }
  })
  afterAll(async () => {
    await proxy.stop()
    await registry.stop()
  })

  describeImagePort('a registry and a store', async () => {
    const store = openStore(join(temporaryDirectory(), 'store'))
    const session = openSession(store.root, Date.now(), () => {})
    const client = openRegistry({ userAgent: 'longshore/test' })
    onTestFinished(async () => {
      await client.close()
      await session.close()
    })
    const port = imagePort({
      store,
      overlay: 'trusted',
      hostPlatform: { os: 'linux', architecture: 'amd64' },
      refresh: false,
      registry: async () => client,
      session: () => session,
      signal: new AbortController().signal,
      emit: () => {},
      nowMs: Date.now,
    })
    const before = proxy.seen.length
    const asked = (): number => proxy.seen.length - before
    return { port, reference: `${proxy.host}/app:1`, unknown: `${proxy.host}/app:2`, asked }
  })
})
