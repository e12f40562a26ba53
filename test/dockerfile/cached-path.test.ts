import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Everything that loading `entry` loads, packages by name; type-only imports load nothing. */
function loadedBy(entry: string): Set<string> {
  const seen = new Set<string>()
  const queue = [join(root, entry)]
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    if (!file.startsWith('/')) continue
    for (const [, clause = '', target = ''] of readFileSync(file, 'utf8').matchAll(
      /^(?:import|export)\s([^'";]*?)\s*from '([^']+)'/gms,
    )) {
      if (!clause.startsWith('type')) queue.push(target.startsWith('.') ? join(dirname(file), target) : target)
    }
  }
  return seen
}

describe('a build with a cached AST', () => {
  it.each(['grammar/index.ts', 'src/dockerfile/index.ts', 'src/ir/index.ts'])('loads no parser by %s', (entry) => {
    const loaded = loadedBy(entry)
    expect(loaded.has('chevrotain')).toBe(false)
    expect(loaded.size).toBeGreaterThan(3)
  })

  it('loads it where a file is parsed', () => {
    expect(loadedBy('src/dockerfile/parse-dockerfile.ts').has('chevrotain')).toBe(true)
  })
})
