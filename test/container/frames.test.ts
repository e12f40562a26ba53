import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeFrame, FrameReader, type FrameType } from '../../src/container/frames.ts'

test('frames come out as they went in, however the bytes are cut', () => {
  const types = fc.constantFrom<FrameType>('message', 'stdin', 'stdout', 'stderr')
  const frames = fc.array(fc.tuple(types, fc.uint8Array({ maxLength: 300 })), { maxLength: 20 })
  fc.assert(
    fc.property(frames, fc.integer({ min: 1, max: 64 }), (sent, size) => {
      const bytes = Buffer.concat(sent.map(([type, payload]) => encodeFrame(type, payload)))
      const got: [FrameType, Uint8Array][] = []
      const reader = new FrameReader((type, payload) => got.push([type, Uint8Array.from(payload)]))
      for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size))
      expect(got).toEqual(sent.map(([type, payload]) => [type, Uint8Array.from(payload)]))
    }),
  )
})

test('what is no frame is refused', () => {
  expect(() => new FrameReader(() => undefined).push(Buffer.from('GET / HTTP/1.1'))).toThrow()
})
