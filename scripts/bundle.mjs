// Bundles the command and the library into dist/: one CommonJS file each, and one per heavy package, loaded on need.

import { execFileSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')

/** Packages that a cached build must not load: each becomes a file of its own. */
const separate = ['chevrotain', 'undici', 'tar-stream', 'ignore', 'ssri']

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
  // `import()` becomes a call inside the same file: modules behind it are set up only when they are asked for.
  supported: { 'dynamic-import': false },
}

/** Read by any Node, so written for old ones: what is older than `engines` gets one clear line. */
const nodeCheck = `(function () {
  var version = process.versions.node.split('.').map(Number)
  if (version[0] > 22 || (version[0] === 22 && version[1] >= 19)) return
  console.error('longshore: needs Node 22.19 or newer, this is ' + process.versions.node + ' (npm ci brings one along)')
  process.exit(125)
})();`

const separatePackages = {
  name: 'separate-packages',
  setup(bundle) {
    bundle.onResolve({ filter: new RegExp(`^(${separate.join('|')})$`) }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path: `./vendor/${path}.cjs`, external: true },
    )
  },
}

rmSync(dist, { recursive: true, force: true })
await Promise.all([
  build({
    ...common,
    entryPoints: { longshore: 'src/cli/main.ts', index: 'src/index.ts', supervisor: 'src/supervisor/main.ts' },
    outdir: dist,
    outExtension: { '.js': '.cjs' },
    external: ['koffi'],
    banner: { js: nodeCheck },
    plugins: [separatePackages],
    define: { 'import.meta.dirname': '__dirname' },
  }),
  build({
    ...common,
    entryPoints: Object.fromEntries(separate.map((name) => [name, name])),
    outdir: join(dist, 'vendor'),
    outExtension: { '.js': '.cjs' },
  }),
])
chmodSync(join(dist, 'longshore.cjs'), 0o755)
if (process.argv.includes('--types')) {
  execFileSync('tsc', ['-p', 'tsconfig.types.json'], { cwd: root, stdio: 'inherit' })
}
