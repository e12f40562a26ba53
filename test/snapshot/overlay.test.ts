import { expect, test } from 'vitest'
import { mountOverlay } from '../../src/snapshot/overlay.ts'

test('more layers than one overlay takes are refused before the kernel is asked', () => {
  const lowers = Array.from({ length: 501 }, (_, index) => `layers/${index}`)
  const places = { lowersDirectory: '/nowhere', target: '/nowhere/target', workingDirectory: '/' }
  const request = { ...places, lowers, overlay: 'user' } as const
  expect(() => mountOverlay(request)).toThrow(
    expect.objectContaining({ code: 'layer-limit', message: expect.stringContaining('501 layers') }),
  )
})
