// Bundles the command and the library into dist/: CommonJS, in parts that are loaded on need. What every command needs is
// one file, what a cached build needs beside it another, and each module behind an `import()` has its own; so have heavy
// packages. Reading and compiling is most of what a cached build costs over an empty program.

import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
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
  // Its main file hides what it requires from the bundler.
  alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
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

/** Shared by the parts of the command: the modules in a file, each under its own name. */
const groups = [
  { name: 'start', entry: 'src/cli/main.ts' },
  { name: 'cached-build', entry: 'src/cli/run-build.ts' },
]

/**
 * The command in parts. esbuild splits ES modules only, so its parts are turned into CommonJS afterwards, which Node loads
 * at once instead of by a promise; and parts that are always loaded together become one file, since each file costs time.
 */
async function buildCommand() {
  const split = join(dist, 'split')
  const { metafile, outputFiles } = await build({
    ...common,
    format: 'esm',
    splitting: true,
    // Left as they are for the second step.
    supported: {},
    entryPoints: { longshore: 'src/cli/main.ts' },
    outdir: split,
    outExtension: { '.js': '.cjs' },
    chunkNames: 'part-[hash]',
    external: ['koffi'],
    plugins: [separatePackages],
    define: { 'import.meta.dirname': '__dirname' },
    metafile: true,
    write: false,
  })
  mkdirSync(split, { recursive: true })
  for (const { path, contents } of outputFiles) writeFileSync(path.replace(/\.cjs$/, '.mjs'), contents)
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]))
  const home = new Map()
  for (const { name, entry } of groups) {
    const [part] = [...outputs].find(([, output]) => output.entryPoint === entry) ?? []
    for (const file of withImports(outputs, part)) if (!home.has(file)) home.set(file, name)
  }
  home.delete('longshore.cjs')
  for (const { name } of groups) {
    const members = [...home].filter(([, group]) => group === name).map(([file]) => file)
    writeFileSync(
      join(split, `${name}.mjs`),
      members.map((file) => `export * as ${identifier(file)} from './${file}'\n`).join(''),
    )
  }
  const written = [...outputs.keys()].filter((file) => !home.has(file)).map((file) => file.replace('.cjs', ''))
  await build({
    ...common,
    entryPoints: Object.fromEntries(
      [...written, ...groups.map(({ name }) => name)].map((name) => [name, join(split, `${name}.mjs`)]),
    ),
    outdir: dist,
    outExtension: { '.js': '.cjs' },
    banner: { js: '' },
    plugins: [linkParts(split, home)],
  })
  const command = join(dist, 'longshore.cjs')
  writeFileSync(command, `${nodeCheck}\n${readFileSync(command, 'utf8')}`)
  rmSync(split, { recursive: true })
}

/** The names of a part and of all that it imports in order to be loaded. */
function withImports(outputs, start, found = new Set()) {
  if (found.has(start)) return found
  found.add(start)
  for (const { path, kind, external } of outputs.get(start).imports) {
    if (kind === 'import-statement' && external !== true) withImports(outputs, basename(path), found)
  }
  return found
}

function identifier(file) {
  return file.replace(/\W/g, '_')
}

/** Parts of one group see each other; from elsewhere they are taken out of the group's file. */
function linkParts(split, home) {
  return {
    name: 'link-parts',
    setup(bundle) {
      bundle.onResolve({ filter: /./ }, ({ path, importer, kind, namespace }) => {
        if (kind === 'entry-point') return undefined
        if (namespace === 'part' || !/^\.\/[\w-]+\.cjs$/.test(path)) return { path, external: true }
        const file = path.slice(2)
        const group = home.get(file)
        if (group === undefined) return { path, external: true }
        const from = basename(importer).replace('.mjs', '')
        const isInside = from === group || home.get(`${from}.cjs`) === group
        return isInside ? { path: join(split, file.replace('.cjs', '.mjs')) } : { path: file, namespace: 'part' }
      })
      bundle.onLoad({ filter: /./, namespace: 'part' }, ({ path }) => ({
        contents: `module.exports = require('./${home.get(path)}.cjs').${identifier(path)}`,
      }))
    },
  }
}

rmSync(dist, { recursive: true, force: true })
await Promise.all([
  buildCommand(),
  build({
    ...common,
    entryPoints: {
      index: 'src/index.ts',
      supervisor: 'src/supervisor/main.ts',
      'digest-process': 'src/layer/digest-process.ts',
    },
    outdir: dist,
    outExtension: { '.js': '.cjs' },
    external: ['koffi'],
    banner: { js: nodeCheck },
    plugins: [separatePackages],
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
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
