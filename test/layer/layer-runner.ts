import { createReadStream, openSync, writeFileSync, writeSync } from 'node:fs'
import { digestLayer, layerTar, unpackLayer } from '../../src/layer/index.ts'

/**
 * Run by overlay.test.ts as a process of its own, so that it can be inside a user namespace: `unpack FLAVOUR TAR TO`,
 * or `round-trip FLAVOUR TAR TO FROM`, which packs FROM into TAR, unpacks that into TO, and digests both directories.
 * The result goes to TAR.json.
 */
const [, , command, flavour, file = '', to = '', from = ''] = process.argv
const overlay = flavour === 'user' ? 'user' : 'trusted'

async function run(): Promise<unknown> {
  if (command === 'unpack') return unpackLayer(createReadStream(file), to, { overlay })
  const fd = openSync(file, 'w')
  for (const chunk of layerTar(from, { overlay })) writeSync(fd, chunk)
  const unpacked = await unpackLayer(createReadStream(file), to, { overlay })
  return { unpacked, packed: digestLayer(from, { overlay }), again: digestLayer(to, { overlay }) }
}

writeFileSync(`${file}.json`, JSON.stringify(await run()))
