import { defineConfig } from 'vitest/config'
import { NoSkips } from './test/support/no-skips.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    ...(process.env['CI'] === 'true' ? { reporters: ['default', new NoSkips()] } : {}),
  },
})
