import { defineConfig } from 'vitest/config'
import { NoSkips } from './test/support/no-skips.ts'

/** Rooms whose tests share a worker's modules with the files before them: a second for each file is saved. */
const sharing = ['base', 'oci', 'grammar', 'dockerfile', 'ir', 'plan', 'report', 'bake', 'docs', 'e2e']
const included = ['test/**/*.test.ts']
const shared = sharing.map((room) => `test/${room}/**/*.test.ts`)

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    ...(process.env['CI'] === 'true' ? { reporters: ['default', new NoSkips()] } : {}),
    projects: [
      { extends: true, test: { name: 'shared', include: shared, isolate: false } },
      // These put their process into namespaces, or look at what it holds.
      { extends: true, test: { name: 'apart', include: included, exclude: shared } },
    ],
  },
})
