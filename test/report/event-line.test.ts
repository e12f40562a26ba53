import { expect, test } from 'vitest'
import { compileTemplate, eventJson, eventLine, eventTemplateFields } from '../../src/report/index.ts'

const event = {
  ...{ type: 'container', action: 'die', id: 'f00', timeMs: Date.parse('2026-01-31T12:00:00.123Z') },
  attributes: { name: 'web', exitCode: '3', image: 'app' },
}

test("docker's line, in the time zone of the machine", () => {
  expect(eventLine(event, 0)).toBe('2026-01-31T12:00:00.123000000Z container die f00 (exitCode=3, image=app, name=web)')
  expect(eventLine(event, -90)).toMatch(/^2026-01-31T13:30:00\.123000000\+01:30 /)
  expect(eventLine({ ...event, attributes: {} }, 300)).toBe('2026-01-31T07:00:00.123000000-05:00 container die f00')
})

test("docker's JSON, nanoseconds as the number that they are", () => {
  expect(eventJson(event)).toBe(
    '{"status":"die","id":"f00","from":"app","Type":"container","Action":"die","Actor":{"ID":"f00","Attributes":' +
      '{"exitCode":"3","image":"app","name":"web"}},"scope":"local","time":1769860800,"timeNano":1769860800123000000}',
  )
})

test('templates', () => {
  const fill = compileTemplate('{{.Type}} {{.Status}} {{.Actor.Attributes.name}} {{.TimeNano}}')
  expect(fill(eventTemplateFields(event))).toBe('container die web 1769860800123000000')
})
