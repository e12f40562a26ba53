/** A check that only warns. */
export interface LintRule {
  /** What `# check=skip=NAME` silences. */
  readonly name: string
  /** The diagnostic's: the name in kebab-case. */
  readonly code: string
  /** Whose rule it is; those of BuildKit have its names, messages and pages. */
  readonly origin: 'buildkit' | 'longshore'
  /** Where a build looks: at the whole file, or only at the stages that the target needs. */
  readonly reach: 'file' | 'stage'
  /** When it speaks: in builds and checks, in checks alone, or only where `experimental=` asks for it. */
  readonly level: 'build' | 'check' | 'experimental'
  readonly description: string
  /** Its fix makes another image, so that nobody applies it without being asked. */
  readonly fixChangesImage?: true
}

const file = { origin: 'buildkit', reach: 'file', level: 'build' } as const
const stage = { origin: 'buildkit', reach: 'stage', level: 'build' } as const
const own = { origin: 'longshore', reach: 'stage', level: 'build' } as const
const ownCheck = { ...own, level: 'check' } as const

/** Every rule: BuildKit's 22 first, then ours. */
export const lintRules: readonly LintRule[] = [
  {
    ...file,
    name: 'StageNameCasing',
    code: 'stage-name-casing',
    description: 'Stage names should be lowercase',
  },
  {
    ...file,
    name: 'FromAsCasing',
    code: 'from-as-casing',
    description: "The 'as' keyword should match the case of the 'from' keyword",
  },
  {
    ...file,
    name: 'NoEmptyContinuation',
    code: 'no-empty-continuation',
    description: 'Empty continuation lines will become errors in a future release',
  },
  {
    ...file,
    name: 'ConsistentInstructionCasing',
    code: 'consistent-instruction-casing',
    description: 'All commands within the Dockerfile should use the same casing (either upper or lower)',
  },
  {
    ...file,
    name: 'DuplicateStageName',
    code: 'duplicate-stage-name',
    description: 'Stage names should be unique',
  },
  {
    ...file,
    name: 'ReservedStageName',
    code: 'reserved-stage-name',
    description: 'Reserved words should not be used as stage names',
  },
  {
    ...stage,
    name: 'JSONArgsRecommended',
    code: 'json-args-recommended',
    description: 'JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals',
    fixChangesImage: true,
  },
  {
    ...file,
    name: 'MaintainerDeprecated',
    code: 'maintainer-deprecated',
    description: 'The MAINTAINER instruction is deprecated, use a label instead to define an image author',
    fixChangesImage: true,
  },
  {
    ...file,
    name: 'UndefinedArgInFrom',
    code: 'undefined-arg-in-from',
    description: 'FROM command must use declared ARGs',
  },
  {
    ...stage,
    name: 'WorkdirRelativePath',
    code: 'workdir-relative-path',
    description:
      'Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes',
  },
  {
    ...stage,
    name: 'UndefinedVar',
    code: 'undefined-var',
    description: 'Variables should be defined before their use',
  },
  {
    ...stage,
    name: 'MultipleInstructionsDisallowed',
    code: 'multiple-instructions-disallowed',
    description: 'Multiple instructions of the same type should not be used in the same stage',
  },
  {
    ...file,
    name: 'LegacyKeyValueFormat',
    code: 'legacy-key-value-format',
    description: 'Legacy key/value format with whitespace separator should not be used',
  },
  {
    ...stage,
    name: 'InvalidBaseImagePlatform',
    code: 'invalid-base-image-platform',
    description: 'Base image platform does not match expected target platform',
  },
  {
    ...file,
    name: 'RedundantTargetPlatform',
    code: 'redundant-target-platform',
    description: 'Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior',
  },
  {
    ...stage,
    name: 'SecretsUsedInArgOrEnv',
    code: 'secrets-used-in-arg-or-env',
    description: 'Sensitive data should not be used in the ARG or ENV commands',
  },
  {
    ...file,
    name: 'InvalidDefaultArgInFrom',
    code: 'invalid-default-arg-in-from',
    description: 'Default value for global ARG results in an empty or invalid base image name',
  },
  {
    ...file,
    name: 'FromPlatformFlagConstDisallowed',
    code: 'from-platform-flag-const-disallowed',
    description: 'FROM --platform flag should not use a constant value',
  },
  {
    ...stage,
    level: 'check',
    name: 'CopyIgnoredFile',
    code: 'copy-ignored-file',
    description: 'Attempting to Copy file that is excluded by .dockerignore',
  },
  {
    ...file,
    level: 'experimental',
    name: 'InvalidDefinitionDescription',
    code: 'invalid-definition-description',
    description:
      'Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.',
  },
  {
    ...stage,
    name: 'ExposeProtoCasing',
    code: 'expose-proto-casing',
    description: 'Protocol in EXPOSE instruction should be lowercase',
  },
  {
    ...stage,
    name: 'ExposeInvalidFormat',
    code: 'expose-invalid-format',
    description:
      'IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release',
  },
  {
    ...own,
    reach: 'file',
    name: 'UnusedBuildArg',
    code: 'unused-build-arg',
    description: 'Every --build-arg should be declared by some ARG',
  },
  {
    ...own,
    name: 'HeredocIgnoresErrors',
    code: 'heredoc-ignores-errors',
    description: 'A RUN heredoc goes on after a command that failed, unless it says set -e',
  },
  {
    ...own,
    name: 'SecretValue',
    code: 'secret-value',
    description: 'Tokens and private keys should not stand in a Dockerfile',
  },
  {
    ...ownCheck,
    name: 'CopyBeforeInstall',
    code: 'copy-before-install',
    description:
      'Dependencies should be installed before all files are copied, so that a change of any file keeps them',
    fixChangesImage: true,
  },
  {
    ...ownCheck,
    reach: 'file',
    name: 'UnusedStage',
    code: 'unused-stage',
    description: 'A stage that no other one uses is never built by default',
  },
  {
    ...ownCheck,
    name: 'UnpinnedBase',
    code: 'unpinned-base',
    description: 'Base images should have a tag other than latest, or a digest',
  },
  {
    ...ownCheck,
    name: 'LastUserRoot',
    code: 'last-user-root',
    description: 'The last USER of an image should not be root',
  },
  {
    ...ownCheck,
    name: 'AptGetCleanup',
    code: 'apt-get-cleanup',
    description: 'apt-get install should remove its package lists in the same RUN',
  },
  {
    ...ownCheck,
    name: 'AptGetRecommends',
    code: 'apt-get-recommends',
    description: 'apt-get install should use --no-install-recommends',
  },
  {
    ...ownCheck,
    name: 'PipeHidesFailure',
    code: 'pipe-hides-failure',
    description: 'A download that is piped into a shell should fail the RUN when it fails',
  },
]

const byCode = new Map(lintRules.map((rule) => [rule.code, rule]))

/** The rule whose diagnostics have `code`; undefined for a code of an error or of another warning. */
export function lintRule(code: string): LintRule | undefined {
  return byCode.get(code)
}

/** The page about a rule of BuildKit's; ours, and one of BuildKit's, have none on the web. */
export function lintRuleUrl({ origin, code }: LintRule): string | undefined {
  if (origin !== 'buildkit' || code === 'invalid-base-image-platform') return undefined
  return `https://docs.docker.com/go/dockerfile/rule/${code}/`
}
