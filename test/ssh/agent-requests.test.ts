import fc from 'fast-check'
import { expect, test } from 'vitest'
import { agentRequests } from '../../src/ssh/agent-requests.ts'

function message(type: number, body: Uint8Array = new Uint8Array()): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(1 + body.length)
  return Buffer.concat([length, Buffer.from([type]), body])
}

test('listing and signing pass, what changes an agent does not', () => {
  const filter = agentRequests()
  for (const type of [11, 13]) expect(filter(message(type, Buffer.from('x')))).toEqual(message(type, Buffer.from('x')))
  for (const type of [17, 18, 19, 20, 22, 23, 25, 27, 0, 255]) {
    const passed = filter(message(type, Buffer.from('secret')))
    // An extension that no agent knows: it is answered with a failure.
    expect(passed?.[4]).toBe(27)
    expect(passed?.readUInt32BE(0)).toBe((passed?.length ?? 0) - 4)
    expect(passed?.includes('secret')).toBe(false)
  }
})

test('nonsense ends it', () => {
  expect(agentRequests()(Buffer.from([0, 0, 0, 0]))).toBeUndefined()
  expect(agentRequests()(Buffer.from('GET / HTTP/1.1'))).toBeUndefined()
})

test('whole messages come out however they are cut', () => {
  const messages = fc.array(fc.tuple(fc.constantFrom(11, 13), fc.uint8Array({ maxLength: 40 })), { maxLength: 6 })
  fc.assert(
    fc.property(messages, fc.array(fc.nat(60), { maxLength: 20 }), (parts, cuts) => {
      const all = Buffer.concat(parts.map(([type, body]) => message(type, body)))
      const filter = agentRequests()
      const passed: Buffer[] = []
      let at = 0
      for (const size of [...cuts, all.length]) {
        passed.push(filter(all.subarray(at, at + size)) ?? Buffer.from('refused'))
        at = Math.min(all.length, at + size)
      }
      expect(Buffer.concat(passed)).toEqual(all)
    }),
  )
})
