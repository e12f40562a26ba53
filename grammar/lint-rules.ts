/** A check that only warns. `name` is what `# check=skip=NAME` silences, `code` the diagnostic's. */
export interface LintRule {
  readonly name: string
  readonly code: string
  /** Found while parsing, or only once stages and variables are known. */
  readonly phase: 'parse' | 'lower'
  readonly summary: string
}

/** The rules that exist, under BuildKit's names where it has the rule. */
export const lintRules = [
  {
    name: 'StageNameCasing',
    code: 'stage-name-casing',
    phase: 'parse',
    summary: 'stage names are lower-case',
  },
  { name: 'FromAsCasing', code: 'from-as-casing', phase: 'parse', summary: 'FROM and AS are written alike' },
  {
    name: 'NoEmptyContinuation',
    code: 'no-empty-continuation',
    phase: 'parse',
    summary: 'no blank line within a continued instruction',
  },
  {
    name: 'DuplicateStageName',
    code: 'duplicate-stage-name',
    phase: 'parse',
    summary: 'every stage has a name of its own',
  },
  {
    name: 'MaintainerDeprecated',
    code: 'maintainer-deprecated',
    phase: 'parse',
    summary: 'the author is a label',
  },
  {
    name: 'LegacyKeyValueFormat',
    code: 'legacy-key-value-format',
    phase: 'parse',
    summary: 'ENV and LABEL are written name=value',
  },
  {
    name: 'MultipleInstructionsDisallowed',
    code: 'multiple-instructions-disallowed',
    phase: 'parse',
    summary: 'one CMD, ENTRYPOINT and HEALTHCHECK a stage',
  },
  {
    name: 'JSONArgsRecommended',
    code: 'json-args-recommended',
    phase: 'lower',
    summary: 'CMD and ENTRYPOINT in JSON form, so that signals arrive',
  },
  {
    name: 'UndefinedArgInFrom',
    code: 'undefined-arg-in-from',
    phase: 'lower',
    summary: 'FROM uses declared arguments only',
  },
  { name: 'UndefinedVar', code: 'undefined-var', phase: 'lower', summary: 'variables are declared before use' },
  {
    name: 'WorkdirRelativePath',
    code: 'workdir-relative-path',
    phase: 'lower',
    summary: 'the first WORKDIR of a stage is absolute',
  },
  {
    name: 'UnusedBuildArg',
    code: 'unused-build-arg',
    phase: 'lower',
    summary: 'every --build-arg is declared by some ARG',
  },
] as const satisfies readonly LintRule[]
