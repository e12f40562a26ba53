import { directoryOf, findPackages, readManifest } from './find-packages.ts'
import { invalidWorkspace } from './problem.ts'
import type {
  LockRequest,
  LockSlice,
  Manifest,
  WorkspacePackage,
  WorkspaceProblem,
  WorkspaceSlice,
  WorkspaceSource,
} from './types.ts'

const lockNames = ['pnpm-lock.yaml', 'yarn.lock', 'package-lock.json', 'npm-shrinkwrap.json'] as const

interface FoundLock {
  readonly file: (typeof lockNames)[number]
  readonly text: string
}

/**
 * Cuts a workspace of npm, pnpm or yarn down to the packages `wanted` (names, or `./` and a directory), what they need of the
 * workspace, and what the lock file has for those. The slice is a function of these parts alone: whatever else changes in
 * the workspace, it stays the same to the byte.
 */
export async function sliceWorkspace(
  source: WorkspaceSource,
  wanted: readonly string[],
): Promise<WorkspaceSlice | WorkspaceProblem> {
  const root = readManifest(source, '')
  if (root === undefined)
    return invalidWorkspace('the workspace has no package.json', 'say where it is: root=DIRECTORY')
  if ('kind' in root) return root
  const lock = findLock(source, root)
  if ('kind' in lock) return lock
  const globs = await globsOf(source, root, lock)
  const packages = findPackages(source, root, globs)
  if ('kind' in packages) return packages
  const start = new Set([''])
  for (const name of wanted) {
    const directory = directoryOf(packages, name)
    if (typeof directory !== 'string') return directory
    start.add(directory)
  }
  const sliced = await sliceLock(source, { ...lock, packages, start: [...start] })
  return sliced.kind === 'problem' ? sliced : workspaceOf(sliced, packages, lock.file)
}

/** The one lock file, or the one of the package manager that the root names. */
function findLock(source: WorkspaceSource, { packageManager = '' }: Manifest): FoundLock | WorkspaceProblem {
  const found = lockNames.flatMap((file) => {
    const text = source.readText(file)
    return text === undefined ? [] : [{ file, text }]
  })
  const [first, second] = found
  if (first === undefined)
    return invalidWorkspace('the workspace has no lock file', `expected one of ${lockNames.join(', ')}`)
  if (second === undefined) return first
  const [manager] = packageManager.split('@')
  const own = found.find(({ file }) => managerOf(file) === manager)
  if (own !== undefined) return own
  const message = `the workspace has two lock files, ${first.file} and ${second.file}`
  return invalidWorkspace(message, 'remove one, or name the package manager: "packageManager" in package.json')
}

function managerOf(file: FoundLock['file']): string {
  if (file === 'pnpm-lock.yaml') return 'pnpm'
  return file === 'yarn.lock' ? 'yarn' : 'npm'
}

async function globsOf(source: WorkspaceSource, root: Manifest, { file }: FoundLock): Promise<readonly string[]> {
  if (file !== 'pnpm-lock.yaml') return root.workspaces
  const { pnpmGlobs } = await import('./pnpm-lock.ts')
  return pnpmGlobs(source.readText('pnpm-workspace.yaml') ?? '') ?? []
}

/** Each format has a library of its own, which only it loads. */
async function sliceLock(
  source: WorkspaceSource,
  request: LockRequest & { readonly file: FoundLock['file'] },
): Promise<LockSlice | WorkspaceProblem> {
  if (request.file === 'pnpm-lock.yaml') {
    const { slicePnpmLock } = await import('./pnpm-lock.ts')
    return slicePnpmLock(request, source.readText('pnpm-workspace.yaml') ?? '')
  }
  if (request.file !== 'yarn.lock') {
    const { sliceNpmLock } = await import('./npm-lock.ts')
    return sliceNpmLock(request)
  }
  if (/^__metadata:/m.test(request.text)) {
    const { sliceBerryLock } = await import('./berry-lock.ts')
    return sliceBerryLock(request)
  }
  const { sliceYarnLock } = await import('./yarn-lock.ts')
  return sliceYarnLock(request)
}

function workspaceOf(
  { directories, text, entries, others = new Map() }: LockSlice,
  packages: ReadonlyMap<string, WorkspacePackage>,
  file: string,
): WorkspaceSlice {
  return {
    kind: 'slice',
    included: directories,
    hidden: new Set([...packages.keys()].filter((directory) => !directories.has(directory))),
    replaced: new Map([[file, text], ...others]),
    lock: { file, entries },
  }
}
