import { expect, test } from 'vitest'
import { describeRemote, hideCredentials, parseRemoteSource } from '../../src/ir/remote-source.ts'

test.each([
  ['ADD https://me:secret@host/a /a', 'ADD https://xxxxx:xxxxx@host/a /a'],
  ['ADD http://me:p@ss@host/a@b /a', 'ADD http://xxxxx:xxxxx@host/a@b /a'],
  ['ADD https://host/a?mail=b@c /a', 'ADD https://host/a?mail=b@c /a'],
  ['ADD https://a:b@h/1 https://c:d@h/2 /', 'ADD https://xxxxx:xxxxx@h/1 https://xxxxx:xxxxx@h/2 /'],
  ['ADD git@host:me/app.git /a', 'ADD git@host:me/app.git /a'],
])('%s has no credentials in a history', (text, hidden) => {
  expect(hideCredentials(text)).toBe(hidden)
})

test.each([
  ['https://me:p@ss@host/a.tar?token=x', 'https://host/a.tar?…'],
  ['https://me:p@ss@host/app.git#main:src', 'https://host/app.git#main:src'],
])('%s is shown without what signs in', (text, shown) => {
  const source = parseRemoteSource(text)
  expect(source.kind === 'http' || source.kind === 'git' ? describeRemote(source) : source.kind).toBe(shown)
})
