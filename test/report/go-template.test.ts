import { describe, expect, test } from 'vitest'
import { compileTemplate } from '../../src/report/index.ts'

const image = {
  Id: 'sha256:1',
  Size: 12,
  Tags: ['app:1', 'app:2'],
  Config: { Env: ['A=b'], Labels: { 'org.x': 'y', a: 'b' }, Cmd: null },
  Up: true,
}

describe('templates', () => {
  // Left as docker 20.10's `inspect --format` takes it, right as it prints it.
  test.each([
    ['{{.Id}}', 'sha256:1'],
    ['{{ .Id }} and {{.Size}}', 'sha256:1 and 12'],
    ['{{.Up}}', 'true'],
    ['{{.Tags}}', '[app:1 app:2]'],
    ['{{.Config.Env}}', '[A=b]'],
    ['{{.Config.Labels}}', 'map[a:b org.x:y]'],
    ['{{json .Config}}', '{"Env":["A=b"],"Labels":{"org.x":"y","a":"b"},"Cmd":null}'],
    ['{{json .}}', JSON.stringify(image)],
    ['{{.Config.Labels.a}}', 'b'],
    ['{{index .Tags 0}}', 'app:1'],
    ['{{index .Config.Labels "org.x"}}', 'y'],
    ['{{index .Config.Labels "none"}}', ''],
    ['{{.Id | upper}}', 'SHA256:1'],
    ['{{upper .Id}}', 'SHA256:1'],
    ['{{len .Tags}}', '2'],
    ['{{.Config.Cmd}}', '<nil>'],
    ['{{.Config.Nothing}}', '<no value>'],
    ['a\\tb', 'a\tb'],
    ['plain', 'plain'],
  ])('%s', (template, expected) => {
    expect(compileTemplate(template)(image)).toBe(expected)
  })

  test.each([
    '{{range .Tags}}x{{end}}',
    '{{.Id',
    '{{}}',
    '{{Id}}',
    '{{nothing .Id}}',
    '{{json .Id | upper}}',
    '{{index .Tags}}',
  ])('%s is not supported, and that is said', (template) => {
    expect(() => compileTemplate(template)).toThrow(expect.objectContaining({ code: 'usage' }))
  })

  test('a field that is not there is told, with those that are', () => {
    expect(() => compileTemplate('{{.ID}}')(image)).toThrow(
      expect.objectContaining({ code: 'usage', hint: expect.stringContaining('.Id, .Size') }),
    )
    // What every object has by inheritance is no field.
    expect(() => compileTemplate('{{.toString}}')(image)).toThrow(expect.objectContaining({ code: 'usage' }))
  })
})
