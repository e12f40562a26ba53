import { expect, test } from 'vitest'
import { renderListing } from '../../src/report/index.ts'

const columns = [
  { field: 'Name', heading: 'NAME' },
  { field: 'ID', heading: 'IMAGE ID' },
  { field: 'Size', heading: 'SIZE' },
]
const rows = [
  { Name: 'app', ID: '123456789012', Size: '1.5MB' },
  { Name: 'longer/name', ID: 'abcdefabcdef', Size: '2kB' },
]
const list = (format: string | undefined, some: typeof rows = rows): string =>
  renderListing(columns, ['Name', 'Size'], some, format)

test('the default is a table of the default columns, with its heading even when it is empty', () => {
  expect(list(undefined)).toBe('NAME          SIZE\napp           1.5MB\nlonger/name   2kB\n')
  expect(list('table', [])).toBe('NAME   SIZE\n')
})

test('json is one object a line, nothing for no rows', () => {
  expect(
    list('json')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(rows)
  expect(list('json', [])).toBe('')
})

test('a template is filled once a row, a table template has headings', () => {
  expect(list('{{.ID}}:{{.Name}}')).toBe('123456789012:app\nabcdefabcdef:longer/name\n')
  expect(list('table {{.ID}}\\t{{.Name}}')).toBe(
    'IMAGE ID       NAME\n123456789012   app\nabcdefabcdef   longer/name\n',
  )
  expect(list('table {{.Size}} of {{json .Name}}')).toBe('SIZE of NAME\n1.5MB of "app"\n2kB of "longer/name"\n')
})

test('text from images cannot steer the terminal', () => {
  expect(list(undefined, [{ Name: 'a\x1b[2J', ID: 'x', Size: '' }])).toContain('a\\x1b[2J')
  expect(list('{{.Name}}', [{ Name: 'a\x1b[2J', ID: 'x', Size: '' }])).toBe('a\\x1b[2J\n')
})
