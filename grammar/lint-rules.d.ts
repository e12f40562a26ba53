/** A check that only warns. `name` is what `# check=skip=NAME` silences, `code` the diagnostic's. */
export interface LintRule {
    readonly name: string;
    readonly code: string;
    /** Found while parsing, or only once stages and variables are known. */
    readonly phase: 'parse' | 'lower';
    readonly summary: string;
}
/** The rules that exist, under BuildKit's names where it has the rule. */
export declare const lintRules: readonly [{
    readonly name: 'StageNameCasing';
    readonly code: 'stage-name-casing';
    readonly phase: 'parse';
    readonly summary: 'stage names are lower-case';
}, {
    readonly name: 'FromAsCasing';
    readonly code: 'from-as-casing';
    readonly phase: 'parse';
    readonly summary: 'FROM and AS are written alike';
}, {
    readonly name: 'NoEmptyContinuation';
    readonly code: 'no-empty-continuation';
    readonly phase: 'parse';
    readonly summary: 'no blank line within a continued instruction';
}, {
    readonly name: 'DuplicateStageName';
    readonly code: 'duplicate-stage-name';
    readonly phase: 'parse';
    readonly summary: 'every stage has a name of its own';
}, {
    readonly name: 'MaintainerDeprecated';
    readonly code: 'maintainer-deprecated';
    readonly phase: 'parse';
    readonly summary: 'the author is a label';
}, {
    readonly name: 'LegacyKeyValueFormat';
    readonly code: 'legacy-key-value-format';
    readonly phase: 'parse';
    readonly summary: 'ENV and LABEL are written name=value';
}, {
    readonly name: 'MultipleInstructionsDisallowed';
    readonly code: 'multiple-instructions-disallowed';
    readonly phase: 'parse';
    readonly summary: 'one CMD, ENTRYPOINT and HEALTHCHECK a stage';
}, {
    readonly name: 'JSONArgsRecommended';
    readonly code: 'json-args-recommended';
    readonly phase: 'lower';
    readonly summary: 'CMD and ENTRYPOINT in JSON form, so that signals arrive';
}, {
    readonly name: 'UndefinedArgInFrom';
    readonly code: 'undefined-arg-in-from';
    readonly phase: 'lower';
    readonly summary: 'FROM uses declared arguments only';
}, {
    readonly name: 'UndefinedVar';
    readonly code: 'undefined-var';
    readonly phase: 'lower';
    readonly summary: 'variables are declared before use';
}, {
    readonly name: 'WorkdirRelativePath';
    readonly code: 'workdir-relative-path';
    readonly phase: 'lower';
    readonly summary: 'the first WORKDIR of a stage is absolute';
}, {
    readonly name: 'UnusedBuildArg';
    readonly code: 'unused-build-arg';
    readonly phase: 'lower';
    readonly summary: 'every --build-arg is declared by some ARG';
}];
