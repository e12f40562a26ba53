import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LogFile, logPath } from '../../src/container/log-files.ts'
import { openLog } from '../../src/container/log-writer.ts'
import { temporaryDirectory } from '../support/temporary.ts'

test('lines are kept with stream and time, bytes that are no text too, and the last without its end', () => {
  const directory = temporaryDirectory()
  const log = openLog(directory, 0, 1, () => 1_700_000_000_000)
  log.write('stdout', Buffer.from('one\ntw'))
  log.write('stderr', Buffer.from('err\n'))
  log.write('stdout', Buffer.from('o\n'))
  log.write('stdout', Buffer.from([0xff, 0x00, 0x0a]))
  log.write('stdout', Buffer.from('rest'))
  log.flush()
  log.close()
  const file = LogFile.open(logPath(directory, 0))
  const records = file?.read() ?? []
  file?.close()
  expect(records.map(({ stream, bytes }) => [stream, bytes.toString('latin1')])).toEqual([
    ['stdout', 'one\n'],
    ['stderr', 'err\n'],
    ['stdout', 'two\n'],
    ['stdout', '\xff\0\n'],
    ['stdout', 'rest'],
  ])
  expect(records[0]?.time).toBe('2023-11-14T22:13:20.000000000Z')
  expect(new Set(records.map(({ time }) => time)).size).toBe(records.length)
  expect(JSON.parse(readFileSync(logPath(directory, 0), 'utf8').split('\n')[0] ?? '')).toMatchObject({ log: 'one\n' })
})

test('a full file is put aside, and the oldest goes', () => {
  const directory = temporaryDirectory()
  const log = openLog(directory, 200, 3, Date.now)
  for (let line = 0; line < 20; line++) log.write('stdout', Buffer.from(`line ${line} of a log\n`))
  log.close()
  expect([0, 1, 2, 3].map((number) => existsSync(logPath(directory, number)))).toEqual([true, true, true, false])
  expect(readFileSync(logPath(directory, 0), 'utf8')).toContain('line 19')
})

test('a line of megabytes is kept in parts', () => {
  const directory = temporaryDirectory()
  const log = openLog(directory, 0, 1, Date.now)
  const long = `${'é'.repeat(100_000)}\n`
  log.write('stdout', Buffer.from(long))
  log.close()
  const file = LogFile.open(logPath(directory, 0))
  const records = file?.read() ?? []
  file?.close()
  expect(records.length).toBeGreaterThan(10)
  expect(Buffer.concat(records.map(({ bytes }) => bytes)).toString()).toBe(long)
})
