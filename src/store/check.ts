import { join } from 'node:path'
import type { Layer } from '../ports/index.ts'
import { decodeLayer } from './decode.ts'
import { readJson } from './files.ts'

/** The record of a layer by its directory, whatever its name says; undefined when it is missing or unreadable. */
export function readLayer(directory: string): Layer | undefined {
  return readJson(join(directory, 'layer.json'), decodeLayer)
}
