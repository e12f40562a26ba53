import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { digestHex, ToolError } from '../base/index.ts'
import type { StoredImage } from '../ports/index.ts'
import { imageParts } from './image-parts.ts'
import type { LayerBlobSettings } from './layer-blob.ts'
import type { LayerCompressionChoice } from './layer-compression.ts'
import { writeWhole, writingTo } from './write-file.ts'

/**
 * Writes one image as the directory that skopeo calls `dir:` and podman `docker-dir`: a docker manifest, and blobs named by the
 * digits of their digests. The manifest comes last. Throws `ToolError` `output-failed`, `no-space`, `store-corrupt`.
 */
export async function writeImageDirectory(
  settings: LayerBlobSettings,
  image: StoredImage,
  dest: string,
  compression: LayerCompressionChoice,
): Promise<void> {
  const { layers, config, configBytes, manifestBytes } = await imageParts(settings, image, {
    compression,
    format: 'docker',
  })
  if (statSync(dest, { throwIfNoEntry: false })?.isDirectory() === false) {
    throw new ToolError('output-failed', `"${dest}" exists and is not a directory`, { hint: 'choose another --output' })
  }
  await writingTo(dest, async () => {
    mkdirSync(dest, { recursive: true })
    for (const { descriptor, open } of layers) await writeWhole(join(dest, digestHex(descriptor.digest)), open(0))
    await writeWhole(join(dest, digestHex(config.digest)), one(configBytes))
    await writeWhole(join(dest, 'version'), one(Buffer.from('Directory Transport Version: 1.1\n')))
    await writeWhole(join(dest, 'manifest.json'), one(manifestBytes))
  })
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
