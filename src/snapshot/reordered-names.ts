import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'

/**
 * Makes a directory tree that changes the order in which directories are read, and nothing else, when it lies below all
 * other layers of an overlay: a mount tells the names of its lowest layer first. Each directory of `view` that has at
 * least two entries gets the latter half of them here, as placeholders that the real layers cover.
 */
export function makeReorderedNames(view: string, directory: string): void {
  mkdirSync(directory, { mode: 0o755 })
  reorder(Buffer.from(view), Buffer.from(directory))
}

function reorder(from: Buffer, to: Buffer): void {
  const entries = readdirSync(from, { withFileTypes: true, encoding: 'buffer' })
  const half = Math.ceil(entries.length / 2)
  for (const [index, entry] of entries.entries()) {
    const place = below(to, entry.name)
    // A directory is needed to reach what is in it; it comes forward with the others only by chance.
    if (entry.isDirectory()) {
      mkdirSync(place, { mode: 0o755 })
      reorder(below(from, entry.name), place)
    } else if (index >= half) writeFileSync(place, '')
  }
}

function below(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), name])
}
