/** The files of a workspace, as far as slicing looks at them. Paths are relative to its root, the root itself is empty. */
export interface WorkspaceSource {
  /** Text of a regular file; undefined when there is none. */
  readText(path: string): string | undefined
  /** Names of the directories in a directory, in byte order. */
  folders(path: string): readonly string[]
}

/** A `package.json`, as far as it matters. */
export interface Manifest {
  readonly name: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  /** Globs of workspace packages, of the root. */
  readonly workspaces: readonly string[]
  /** `npm@11.0.0`, of the root. */
  readonly packageManager?: string
  /** Whether the root changes what dependencies mean: `overrides`, `resolutions` and their like. */
  readonly rewrites: boolean
}

/** A package of a workspace; the root has an empty directory. */
export interface WorkspacePackage {
  readonly directory: string
  readonly manifest: Manifest
}

/** Why a workspace cannot be sliced, for the user to mend. */
export interface WorkspaceProblem {
  readonly kind: 'problem'
  readonly code:
    | 'workspace-invalid'
    | 'workspace-lock-not-supported'
    | 'workspace-lock-outdated'
    | 'workspace-package-not-found'
  readonly message: string
  readonly hint: string
}

/** What a lock file is asked. */
export interface LockRequest {
  /** Its name, for messages. */
  readonly file: string
  readonly text: string
  /** Every package of the workspace, by directory. */
  readonly packages: ReadonlyMap<string, WorkspacePackage>
  /** Directories that are wanted, the root among them. */
  readonly start: readonly string[]
}

/** The part of a lock file that some packages of a workspace need. A function of that part alone. */
export interface LockSlice {
  readonly kind: 'slice'
  /** Directories of workspace packages that are needed, the root among them. */
  readonly directories: ReadonlySet<string>
  /** The lock file as the package manager would have written it for them. */
  readonly text: string
  /** What it holds: name of each entry, and its text. */
  readonly entries: ReadonlyMap<string, string>
  /** Other files that have to change with it. */
  readonly others?: ReadonlyMap<string, string>
}

/** A workspace without the packages that some of its packages do not need. */
export interface WorkspaceSlice {
  readonly kind: 'slice'
  /** Directories of packages that are part of it, the root among them. */
  readonly included: ReadonlySet<string>
  /** Directories of packages that are not. */
  readonly hidden: ReadonlySet<string>
  /** Files that it has another text of. */
  readonly replaced: ReadonlyMap<string, string>
  /** Name of the lock file, and its entries by name. */
  readonly lock: { readonly file: string; readonly entries: ReadonlyMap<string, string> }
}
