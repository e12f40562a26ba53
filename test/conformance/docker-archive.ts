import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { asList, asObject, asText } from './json.ts'
import { type ReadImage, readImage } from './layout-tree.ts'

/** Reads the first image of a tar as `docker save` writes it: manifest.json names the config and the layer tars. `dir` is emptied first. */
export async function readDockerArchive(archive: string, dir: string): Promise<ReadImage> {
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir)
  execFileSync('tar', ['-xf', archive], { cwd: dir })
  const manifest: unknown = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8'))
  const image = asObject(asList(manifest, 'manifest.json')[0], 'manifest.json')
  const layers = asList(image['Layers'], 'Layers').map((layer) => readFileSync(join(dir, asText(layer, 'Layers'))))
  return readImage(readFileSync(join(dir, asText(image['Config'], 'Config'))), layers)
}
