import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConformanceCase } from './cases.ts'

/** A case's files, copied to a temp folder that any user can read. */
export interface PreparedContext {
  /** The build context. */
  readonly dir: string
  readonly dockerfile: string
  /** Contexts of the images to build first, each with a Dockerfile of its own. */
  readonly images: readonly { readonly name: string; readonly dir: string }[]
  /** Removes the copy. */
  dispose(): void
}

const fixturesDir = join(import.meta.dirname, '../../fixtures')

/**
 * Copies the context of a case, gives its files the modes 0644 or 0755 and its folders 0755 (what git keeps and a
 * umask changes), then runs the case's setup.sh in the copy with umask 022. The copy belongs to the user running this.
 */
export function prepareContext(conformanceCase: ConformanceCase): PreparedContext {
  const home = mkdtempSync(join(tmpdir(), 'longshore-case-'))
  chmodSync(home, 0o755)
  const dir = join(home, 'context')
  copyTree(join(conformanceCase.dir, 'context'), dir)
  const setup = join(conformanceCase.dir, 'setup.sh')
  if (existsSync(setup))
    execFileSync('sh', ['-c', 'umask 022; exec sh -eu "$0"', setup], { cwd: dir, stdio: 'inherit' })
  const images = conformanceCase.images.map((name) => ({ name, dir: join(home, 'images', name) }))
  for (const image of images) copyTree(join(conformanceCase.dir, 'images', image.name), image.dir)
  return {
    dir,
    dockerfile: join(dir, conformanceCase.dockerfile),
    images,
    dispose: () => rmSync(home, { recursive: true, force: true }),
  }
}

/** Makes the build context of the image `longshore-base` in a new temp folder, which the caller removes. */
export function prepareBaseContext(): string {
  const dir = mkdtempSync(join(tmpdir(), 'longshore-base-'))
  chmodSync(dir, 0o755)
  execFileSync('sh', [join(fixturesDir, 'base/make-context.sh'), dir], { stdio: 'inherit' })
  return dir
}

function copyTree(source: string, target: string): void {
  cpSync(source, target, { recursive: true, verbatimSymlinks: true })
  normaliseModes(target)
}

function normaliseModes(path: string): void {
  const stat = lstatSync(path)
  if (stat.isSymbolicLink()) return
  if (!stat.isDirectory()) {
    chmodSync(path, (stat.mode & 0o111) === 0 ? 0o644 : 0o755)
    return
  }
  chmodSync(path, 0o755)
  for (const name of readdirSync(path)) normaliseModes(join(path, name))
}
