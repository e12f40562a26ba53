import {
  assertNever,
  type Canonical,
  type ContentDigest,
  canonicalHash,
  parseStepKey,
  type StepKey,
} from '../base/index.ts'
import type { CopyOperation } from '../ir/index.ts'
import type { Platform } from '../oci/index.ts'
import type { LayerOperation } from './graph.ts'

/**
 * Part of every key: raised when the same operation on the same inputs would make another tree than before, so that
 * no result of an older version is taken for ours.
 */
const stepDomain = 'longshore.step/1'
const selectionDomain = 'longshore.selection/1'

/** A key and the named parts it was hashed from. */
export interface KeyWithComponents {
  readonly key: StepKey
  readonly components: { readonly [name: string]: Canonical }
}

/** Content identities of what a step reads. */
export interface StepInputs {
  /** Content digests of the parent's layers, bottom first. */
  readonly rootfs: readonly ContentDigest[]
  /** Content digest of the files a COPY or ADD takes. */
  readonly files?: ContentDigest
}

/**
 * The key of a step: a hash over what it does and the content of what it reads, never over how that came to be
 * (DESIGN.md, cache model). Left out, since they must not change a result: proxy variables, where the files were,
 * their times, the number of jobs, the isolation.
 */
export function stepKey(operation: LayerOperation, platform: Platform, inputs: StepInputs): KeyWithComponents {
  const components: { readonly [name: string]: Canonical } = {
    ...operationComponents(operation, platform),
    // The tree the step starts from.
    rootfs: inputs.rootfs,
    ...(inputs.files === undefined ? {} : { files: inputs.files }),
  }
  return { key: parseStepKey(`sha256:${canonicalHash(stepDomain, components)}`), components }
}

function operationComponents(operation: LayerOperation, platform: Platform): { readonly [name: string]: Canonical } {
  switch (operation.kind) {
    case 'run':
      return {
        kind: 'run',
        // What is executed.
        args: operation.args,
        // ENV and the ARGs in scope: the process sees all of them, used or not.
        env: operation.env,
        // Where it starts.
        cwd: operation.cwd,
        // Who it runs as; names are resolved in `rootfs`.
        user: operation.user,
        // Whether it can reach a network.
        network: operation.network,
        // The name of its machine.
        hostname: operation.hostname ?? null,
        // Which machine's binaries it runs.
        platform: `${platform.os}/${platform.architecture}/${platform.variant ?? ''}`,
      }
    case 'copy':
      return {
        kind: 'copy',
        // Where the files go; how it ends decides between file and directory.
        destination: operation.destination,
        // Number of sources: with several, the destination must be a directory.
        sources: operation.sources.length,
        // Owner and mode that the instruction sets; owner names are resolved in `rootfs`.
        chown: operation.chown ?? null,
        chmod: operation.chmod ?? null,
        // ADD takes archives apart, COPY does not.
        unpack: operation.unpack,
        // Heredocs: each makes a file of its name.
        inline: (operation.inline ?? []).map(({ name, content }) => ({ name, content })),
        // The layer is made on an empty root, where nothing shines through and nothing is followed.
        link: operation.link ?? false,
      }
    case 'workdir':
      return { kind: 'workdir', path: operation.path, user: operation.user }
    default:
      return assertNever(operation)
  }
}

/** The key under which the identity of files picked from a root filesystem is remembered. */
export function selectionKey(operation: CopyOperation, rootfs: readonly ContentDigest[]): StepKey {
  const { sources, rules = { excludes: [], parents: false } } = operation
  const components = { sources, rootfs, excludes: rules.excludes, parents: rules.parents }
  return parseStepKey(`sha256:${canonicalHash(selectionDomain, components)}`)
}
