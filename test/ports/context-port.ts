import { describe, expect, test } from 'vitest'
import type { ContentDigest } from '../../src/base/index.ts'
import type { ContextPort } from '../../src/build/index.ts'

/** A context whose files the suite makes and changes. */
export interface OpenedContext {
  readonly context: ContextPort
  /** The same context, opened for the next build. */
  reopen(): ContextPort
  write(path: string, text: string): void
}

const span = { start: 5, end: 9 }

function select(context: ContextPort, ...sources: readonly string[]): ReturnType<ContextPort['select']> {
  return context.select(
    sources,
    sources.map(() => span),
  )
}

function identity(context: ContextPort, ...sources: readonly string[]): ContentDigest {
  const result = select(context, ...sources)
  if (result.kind === 'missing') throw new Error(`missing: ${JSON.stringify(result.missing)}`)
  return result.selection.contentDigest
}

/** What every `ContextPort` does. `open` is called with the files that are there at first. */
export function describeContextPort(
  adapter: string,
  open: (files: Readonly<Record<string, string>>) => OpenedContext,
): void {
  const files = { 'a.txt': 'a', 'b.txt': 'b', 'src/main.c': 'main', 'src/lib/x.c': 'x', 'copy/main.c': 'main' }

  describe(`ContextPort, ${adapter}`, () => {
    test('the same files have the same identity, whichever context they are in', () => {
      const [one, two] = [open(files), open({ ...files, 'unrelated.txt': 'u' })]
      for (const sources of [['a.txt'], ['a.txt', 'src'], ['*.txt'], ['src/main.c']])
        expect(identity(one.context, ...sources)).toBe(identity(one.context, ...sources))
      expect(identity(one.context, 'src')).toBe(identity(two.context, 'src'))
      expect(identity(one.context, 'a.txt')).toBe(identity(two.context, 'a.txt'))
    })

    test('what is copied counts, not where it lay: a file by its name, a directory by what is in it', () => {
      const { context } = open({ ...files, 'again/lib/x.c': 'x', 'again/main.c': 'main' })
      expect(identity(context, 'src/main.c')).toBe(identity(context, 'copy/main.c'))
      expect(identity(context, 'src')).toBe(identity(context, 'again'))
      expect(identity(context, 'src')).not.toBe(identity(context, 'src/lib'))
    })

    test('a change shows in what takes the file and in nothing else', () => {
      const opened = open(files)
      const before = { src: identity(opened.context, 'src'), a: identity(opened.context, 'a.txt') }
      opened.write('src/lib/x.c', 'changed')
      const changed = opened.reopen()
      expect(identity(changed, 'src')).not.toBe(before.src)
      expect(identity(changed, 'a.txt')).toBe(before.a)
      opened.write('src/lib/x.c', 'x')
      expect(identity(opened.reopen(), 'src')).toBe(before.src)
    })

    test('a new file shows in the directory and in a pattern that matches it', () => {
      const opened = open(files)
      const before = { src: identity(opened.context, 'src'), texts: identity(opened.context, '*.txt') }
      opened.write('src/new.c', '')
      opened.write('c.txt', 'c')
      const changed = opened.reopen()
      expect(identity(changed, 'src')).not.toBe(before.src)
      expect(identity(changed, '*.txt')).not.toBe(before.texts)
      expect(identity(changed, 'a.txt', 'b.txt', 'c.txt')).toBe(identity(changed, '*.txt'))
    })

    test('counts the files and their bytes', () => {
      expect(select(open(files).context, 'src', 'a.txt')).toMatchObject({
        kind: 'selected',
        selection: { files: 3, sizeBytes: 'main'.length + 'x'.length + 'a'.length },
      })
    })

    test('names each missing source with its place, and the likely misspelling', () => {
      expect(select(open(files).context, 'a.txt', 'b.txz', 'src/nothing/here')).toMatchObject({
        kind: 'missing',
        missing: [
          { pattern: 'b.txz', span, nearest: 'b.txt' },
          { pattern: 'src/nothing/here', span },
        ],
      })
    })

    test('a pattern may match nothing, a malformed one is told', () => {
      expect(select(open(files).context, '*.nothing')).toMatchObject({ kind: 'selected', selection: { files: 0 } })
      expect(select(open(files).context, '[a')).toMatchObject({
        kind: 'missing',
        missing: [{ pattern: '[a', malformed: true }],
      })
    })
  })
}
