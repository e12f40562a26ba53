/**
 * What becomes of a flag of kaniko's. `same`: handed to `longshore build` as it is. `mapped`: becomes something of `longshore
 * build`. `accepted`: changes nothing here, which is said. `refused`: would mean something that is not done here.
 */
export type KanikoRole = 'same' | 'mapped' | 'accepted' | 'refused'

/** A flag of kaniko's executor. `text` says what becomes of it, for the help, the notes and the page about migration. */
export interface KanikoFlag {
  readonly name: string
  readonly takes: 'nothing' | 'value'
  readonly role: KanikoRole
  readonly text: string
  readonly short?: string
  readonly alias?: string
}

const nothing = 'nothing'
const value = 'value'
const always = 'accepted'

/** kaniko's flags (v1.24, and those of its forks that CI files use), in the order of its own help. */
export const kanikoFlags: readonly KanikoFlag[] = [
  flag('annotation', value, 'same', '`--annotation`'),
  flag('build-arg', value, 'same', '`--build-arg`'),
  flag('cache', nothing, 'mapped', 'with a repository `--cache-from` and `--cache-to`; `false`: `--no-cache`'),
  flag('cache-copy-layers', nothing, always, 'results of COPY are always kept'),
  flag('cache-dir', value, always, 'base images are kept in the store (`--root`)'),
  flag(
    'cache-repo',
    value,
    'mapped',
    '`--cache-from type=registry,ref=REPO --cache-to type=registry,ref=REPO,mode=max`',
  ),
  flag('cache-run-layers', nothing, always, 'results of RUN are always kept'),
  flag('cache-ttl', value, 'same', '`--cache-ttl`'),
  flag('cleanup', nothing, always, 'nothing is left that had to be cleaned up'),
  flag('compressed-caching', nothing, always, 'layers are compressed when they are sent'),
  flag('compression', value, 'mapped', '`--output type=registry,compression=…`'),
  flag('compression-level', value, 'mapped', '`--output type=registry,compression-level=…`'),
  flag('context', value, 'mapped', 'the context: `dir://`, `tar://`, `git://`, `https://`', { short: 'c' }),
  flag('context-sub-path', value, 'mapped', 'a folder of the context'),
  flag('credential-helpers', value, always, 'the credential helpers are those of `config.json`'),
  flag('custom-platform', value, 'mapped', '`--platform`', { alias: 'customPlatform' }),
  flag('destination', value, 'mapped', '`--tag`, and `--push` unless `--no-push`', { short: 'd' }),
  flag('digest-file', value, 'same', '`--digest-file`'),
  flag('dockerfile', value, 'mapped', '`--file`; a path in the context or from here', { short: 'f' }),
  flag('force', nothing, always, 'nothing outside of the store is touched'),
  flag('git', value, 'mapped', '`branch=` is the branch; how much of a repository is fetched is our affair'),
  flag(
    'ignore-path',
    value,
    'refused',
    'a layer holds all that a step wrote: use `RUN --mount=type=tmpfs,target=PATH`',
  ),
  flag('ignore-var-run', nothing, always, 'a layer holds what a step wrote, and nothing of this machine'),
  flag('image-download-retry', value, 'mapped', '`--retry`'),
  flag('image-fs-extract-retry', value, always, 'unpacking needs no second try'),
  flag('image-name-tag-with-digest-file', value, 'same', '`--image-name-tag-with-digest-file`'),
  flag('image-name-with-digest-file', value, 'same', '`--image-name-with-digest-file`'),
  flag('insecure', nothing, 'mapped', '`--tls-verify=false`'),
  flag('insecure-pull', nothing, 'mapped', '`--tls-verify=false`'),
  flag('insecure-registry', value, 'mapped', 'the registry is talked to without TLS, as `insecure` of registries.conf'),
  flag('kaniko-dir', value, always, 'the store is where `--root` says'),
  flag('label', value, 'same', '`--label`'),
  flag('log-format', value, 'mapped', '`json`: `--progress rawjson`'),
  flag('log-timestamp', nothing, always, 'progress shows the seconds of each step'),
  flag('materialize', nothing, always, 'no file system is built up for a cached image'),
  flag('no-push', nothing, 'mapped', 'no `--push`'),
  flag('no-push-cache', nothing, 'mapped', 'no `--cache-to`'),
  flag('oci-layout-path', value, 'mapped', '`--output type=oci,tar=false,dest=…`'),
  flag('preserve-context', nothing, always, 'the context is never touched'),
  flag('push-ignore-immutable-tag-errors', nothing, 'refused', 'a push that fails has to be seen: give another tag'),
  flag('push-retry', value, 'mapped', '`--retry`'),
  flag('registry-certificate', value, 'mapped', 'an authority for that registry, as `certs.d` has it'),
  flag('registry-client-cert', value, 'mapped', 'certificate and key for that registry, as `certs.d` has them'),
  flag('registry-map', value, 'mapped', 'mirrors of those registries, as registries.conf has them'),
  flag('registry-mirror', value, 'mapped', 'a mirror of docker.io, as registries.conf has it'),
  flag('reproducible', nothing, 'mapped', '`--reproducible --source-date-epoch 0`'),
  flag('secret', value, 'same', '`--secret`'),
  flag('single-snapshot', nothing, 'mapped', '`--squash`'),
  flag('skip-default-registry-fallback', nothing, 'mapped', 'a registry that has mirrors is not asked itself'),
  flag('skip-push-permission-check', nothing, always, 'what may be pushed is seen when it is pushed'),
  flag('skip-tls-verify', nothing, 'mapped', '`--tls-verify=false`'),
  flag('skip-tls-verify-pull', nothing, 'mapped', '`--tls-verify=false`'),
  flag('skip-tls-verify-registry', value, 'mapped', 'any certificate of that registry is taken'),
  flag('skip-unused-stages', nothing, always, 'stages that the target does not need are never built'),
  flag('snapshot-mode', value, always, 'a layer is exactly what a step wrote', { alias: 'snapshotMode' }),
  flag('tar-path', value, 'mapped', '`--output type=docker,dest=…`', { alias: 'tarPath' }),
  flag('target', value, 'same', '`--target`'),
  flag('use-new-run', nothing, always, 'a layer is exactly what a step wrote'),
  flag('verbosity', value, 'mapped', '`error`, `fatal`, `panic`: `--progress quiet`', { short: 'v' }),
]

function flag(
  name: string,
  takes: KanikoFlag['takes'],
  role: KanikoRole,
  text: string,
  names: Pick<KanikoFlag, 'short' | 'alias'> = {},
): KanikoFlag {
  return { name, takes, role, text, ...names }
}
