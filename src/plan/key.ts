import {
  assertNever,
  type Canonical,
  type ContentDigest,
  canonicalHash,
  parseStepKey,
  type StepKey,
} from '../base/index.ts'
import type { CopyOperation, RunMount } from '../ir/index.ts'
import type { Platform } from '../oci/index.ts'
import { copyParts } from './copy-parts.ts'
import { type Epoch, epochComponent } from './epoch.ts'
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
  /** Content digests of what the mounts of a RUN show, in the order of `Step.mounts`. */
  readonly mounts?: readonly ContentDigest[]
  /** The moment the layer is dated to. */
  readonly epoch?: Epoch | undefined
}

/**
 * The key of a step: a hash over what it does and the content of what it reads, never over how that came to be
 * (DESIGN.md, cache model). Left out, since they must not change a result: proxy variables, where the files were,
 * their times, addresses of added hosts, the number of jobs, the isolation, values of secrets, whether an optional secret or agent was given, and
 * name, sharing and content of cache mounts.
 */
export function stepKey(operation: LayerOperation, platform: Platform, inputs: StepInputs): KeyWithComponents {
  const times = inputs.epoch && epochComponent(inputs.epoch)
  const components: { readonly [name: string]: Canonical } = {
    ...operationComponents(operation, platform),
    // The tree the step starts from.
    rootfs: inputs.rootfs,
    ...(inputs.files === undefined ? {} : { files: inputs.files }),
    ...(inputs.mounts === undefined || inputs.mounts.length === 0 ? {} : { 'mount-files': inputs.mounts }),
    // What times its files get, when that is not left to the moment.
    ...(times === undefined ? {} : { times }),
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
        // Names that its hosts file adds; their addresses may differ from machine to machine, as BuildKit has it.
        ...(operation.addHosts === undefined ? {} : { hosts: operation.addHosts.map(hostName).sort() }),
        // Which machine's binaries it runs.
        platform: `${platform.os}/${platform.architecture}/${platform.variant ?? ''}`,
        // What more it may do.
        ...(operation.security === 'sandbox' ? {} : { security: operation.security }),
        // What it sees mounted, and where.
        ...(operation.mounts.length === 0 ? {} : { mounts: operation.mounts.map(mountComponents) }),
        // The program itself, where it is in the Dockerfile.
        ...(operation.script === undefined ? {} : { script: operation.script.content }),
      }
    case 'copy':
      return {
        kind: 'copy',
        // Where the files go; how it ends decides between file and directory.
        destination: operation.destination,
        // Number of sources: with several, the destination must be a directory.
        sources: operation.sources.length + (operation.remotes?.length ?? 0),
        // Owner and mode that the instruction sets; owner names are resolved in `rootfs`.
        chown: operation.chown ?? null,
        chmod: operation.chmod ?? null,
        // ADD takes archives apart, COPY does not; with several parts, each has its own mind.
        unpack: unpackComponent(operation),
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

/** The name of `NAME:IP` or `NAME=IP`. */
function hostName(text: string): string {
  return text.replace(/[:=].*$/s, '')
}

function unpackComponent(operation: CopyOperation): Canonical {
  const [first, ...others] = copyParts(operation)
  if (first === undefined) return operation.unpack
  return others.length === 0 ? first.unpack : [first, ...others].map(({ unpack }) => unpack)
}

/** What of a mount a process can tell; the files it shows are an input. */
function mountComponents(mount: RunMount): { readonly [name: string]: Canonical } {
  switch (mount.kind) {
    case 'bind':
      return { kind: mount.kind, target: mount.target, readonly: mount.readonly }
    case 'cache': {
      const { kind, target, readonly, mode, uid, gid } = mount
      return { kind, target, readonly, mode, uid, gid }
    }
    case 'tmpfs':
      return { kind: mount.kind, target: mount.target, size: mount.sizeBytes ?? null }
    case 'secret': {
      const { kind, id, target, env, mode, uid, gid } = mount
      return { kind, id, target: target ?? null, env: env ?? null, mode, uid, gid }
    }
    case 'ssh':
      return { kind: mount.kind, target: mount.target }
    default:
      return assertNever(mount)
  }
}

/** The key under which the identity of files picked from a root filesystem is remembered. */
export function selectionKey(
  wanted: Pick<CopyOperation, 'sources' | 'rules'>,
  rootfs: readonly ContentDigest[],
): StepKey {
  const { sources, rules = { excludes: [], parents: false } } = wanted
  const components = { sources, rootfs, excludes: rules.excludes, parents: rules.parents }
  return parseStepKey(`sha256:${canonicalHash(selectionDomain, components)}`)
}
