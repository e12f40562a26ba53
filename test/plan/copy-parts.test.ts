import { describe, expect, it } from 'vitest'
import { parseContentDigest } from '../../src/base/index.ts'
import { copyParts, stepKey, treeName } from '../../src/plan/index.ts'
import { amd64, operationsOf } from '../ir/lower-text.ts'

function copyOf(line: string) {
  const [copy] = operationsOf('copy', `FROM scratch AS before\nFROM scratch\n${line}`, {
    contexts: { files: { kind: 'files' } },
  })
  if (copy === undefined) throw new Error(`no copy: ${line}`)
  return copy
}

const files = parseContentDigest(`sha256:${'1'.repeat(64)}`)
const keyOf = (line: string): string => stepKey(copyOf(line), amd64, { rootfs: [], files }).key

describe('copyParts', () => {
  it('keeps the order in which sources are written', () => {
    const parts = copyParts(copyOf('ADD a b http://h/c d git://h/e#f:g /x/'))
    expect(parts.map(({ source, patterns, unpack }) => [source.kind, patterns, unpack])).toEqual([
      ['context', ['a', 'b'], true],
      ['http', ['c'], false],
      ['context', ['d'], true],
      ['git', ['g'], false],
    ])
  })

  it('has none for a stage or an image', () => {
    expect(copyParts(copyOf('COPY --from=before a b'))).toEqual([])
    expect(copyParts(copyOf('COPY --from=alpine a b'))).toEqual([])
    expect(copyParts(copyOf('COPY --from=files a b')).map(({ source }) => source.kind)).toEqual(['named'])
  })

  it('takes names for what they are, not for patterns', () => {
    expect(copyParts(copyOf('ADD http://h/a%2a%5bb /x/'))[0]?.patterns).toEqual(['a[*][[]b'])
    expect(copyParts(copyOf('ADD http://h/a%5cb /x/'))[0]?.patterns).toEqual(['a\\b'])
    expect(copyParts(copyOf('ADD http://h/a%5c%3f /x/'))[0]?.patterns).toEqual(['a[\\\\][?]'])
  })
})

describe('the key of a copy', () => {
  it('does not depend on where the same files come from', () => {
    const key = keyOf('COPY f /x/')
    expect(keyOf('COPY --from=files f /x/')).toBe(key)
    expect(keyOf('ADD http://h/f /x/')).toBe(key)
    expect(keyOf('ADD git://h/r.git#main:f /x/')).toBe(key)
    expect(keyOf('COPY --from=before f /x/')).toBe(key)
  })

  it('depends on what is unpacked', () => {
    expect(keyOf('ADD f http://h/g /x/')).not.toBe(keyOf('ADD http://h/f http://h/g /x/'))
  })
})

describe('treeName', () => {
  it('is one for each tree to be fetched', () => {
    const names = [
      'COPY a b',
      'COPY --from=files a b',
      'ADD http://h/a b',
      'ADD http://h/a?x b',
      'ADD git://h/a b',
      'ADD git://h/a#x b',
      'ADD --keep-git-dir git://h/a b',
      'ADD git://h/a?submodules=false b',
    ].map((line) => copyParts(copyOf(line)).map(({ source }) => treeName(source)))
    expect(new Set(names.flat()).size).toBe(names.length)
    // Folders of one commit are in one tree.
    const [one, two] = ['git://h/a#x:y', 'git://h/a#x:z'].map((url) => copyParts(copyOf(`ADD ${url} b`))[0]?.source)
    expect(one && treeName(one)).toBe(two && treeName(two))
  })
})
