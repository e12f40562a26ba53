import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkout } from '../support/actor.ts'

/* Threats by registries and content have the numbers 46 to 59 in the project's list; each is named in the title of a test. */

const files = readdirSync(join(checkout, 'test'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
)
const titles = files.flatMap((name) =>
  [
    ...readFileSync(join(checkout, 'test', name), 'utf8').matchAll(
      /(?:^|\s)(?:it|test|story)?\S*\(?\s*'([^'\n]*\(security [0-9, ]+\)[^'\n]*)'/g,
    ),
  ].map(([, title = '']) => title),
)

test.each([46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59])(
  'security %d has a test that names it',
  (number) => {
    const named = titles.filter((title) => new RegExp(`\\(security [0-9, ]*\\b${number}\\b`).test(title))
    expect(named).not.toEqual([])
  },
)
