/**
 * Tries the recipes for turbo and Nx: makes the files that docs/recipes/turbo.md and nx.md show, in a workspace with git, installs
 * both runners with npm, and executes the commands of the pages. Needs the npm registry and an image `longshore-base` in the
 * store (`sh fixtures/base/make-context.sh DIR && longshore build -t longshore-base DIR`). Usage: node scripts/try-task-runners.ts
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { blocksOf, readRecipe } from '../test/recipes/recipe-blocks.ts'

const home = mkdtempSync(join(tmpdir(), 'longshore-runners-'))
const env = {
  ...process.env,
  PATH: `${resolve(import.meta.dirname, '../bin')}:${process.env['PATH']}`,
  TURBO_TELEMETRY_DISABLED: '1',
  NX_DAEMON: 'false',
}

function run(folder: string, program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

/** The Dockerfile of a page, on an image that is here, which has no npm. */
function localDockerfile(page: string): string {
  const [dockerfile = ''] = blocksOf(page, 'dockerfile')
  return dockerfile.replace('FROM node:24', 'FROM longshore-base').replace('RUN npm ci', 'RUN cat package-lock.json')
}

/** A workspace with one application, whose files are those of a page. */
function workspace(name: string, files: Readonly<Record<string, string>>): string {
  const folder = join(home, name)
  const root = { name: 'root', private: true, workspaces: ['apps/*'], packageManager: 'npm@11.0.0' }
  const all = { 'package.json': JSON.stringify(root), '.gitignore': 'node_modules\n.nx\n.turbo\n', ...files }
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  run(folder, 'npm', 'install', '--no-audit', '--no-fund', '--save-dev', name)
  run(folder, 'git', 'init', '-q', '-b', 'main')
  run(folder, 'git', 'add', '--all')
  const commit = ['-c', 'user.name=try', '-c', 'user.email=try@example.com', 'commit', '-q', '-m', 'first']
  run(folder, 'git', ...commit)
  run(folder, 'git', 'update-ref', 'refs/remotes/origin/main', 'HEAD')
  return folder
}

function tryCommands(name: string, folder: string): void {
  for (const line of blocksOf(readRecipe(name), 'sh').flatMap((block) => block.trim().split('\n'))) {
    run(folder, 'sh', '-c', 'longshore rmi acme/web 2>/dev/null; true')
    console.log(`${name}: ${line}\n${run(folder, 'sh', '-ec', line)}`)
    // Nothing has changed since the branch, so nothing is affected.
    if (!line.includes('affected')) run(folder, 'longshore', 'inspect', '--format', '{{.Id}}', 'acme/web')
  }
}

try {
  const [turbo = '', application = ''] = blocksOf(readRecipe('turbo'), 'json')
  const dockerfile = localDockerfile(readRecipe('turbo'))
  const turboFiles = { 'turbo.json': turbo, 'apps/web/package.json': application, 'apps/web/Dockerfile': dockerfile }
  tryCommands('turbo', workspace('turbo', turboFiles))
  const [project = ''] = blocksOf(readRecipe('nx'), 'json')
  const nxDockerfile = localDockerfile(readRecipe('nx'))
  const nxFiles = {
    'nx.json': '{}',
    'apps/web/project.json': project,
    'apps/web/package.json': JSON.stringify({ name: '@acme/web' }),
    'apps/web/Dockerfile': nxDockerfile,
  }
  tryCommands('nx', workspace('nx', nxFiles))
} finally {
  rmSync(home, { recursive: true, force: true })
}
