import { instructionKinds, instructionRule } from './instructions.ts'
import { lintRules } from './lint-rules.ts'

/** The page docs/dockerfile-support.md, printed from the instruction table so that it cannot be wrong about it. */
export function printSupport(): string {
  const rows = instructionKinds.map((kind) => {
    const { keyword, summary, flags, heredoc } = instructionRule(kind)
    const named = (executed: boolean): string =>
      flags
        .filter((flag) => flag.executed === executed)
        .map((flag) => `\`--${flag.name}\``)
        .join(' ')
    const now = [named(true), heredoc === 'built' ? 'heredocs' : ''].filter((text) => text !== '').join(' ')
    return `| \`${keyword}\` | ${summary} | ${now} | ${named(false)} |`
  })
  return `# Dockerfile support

Printed from \`grammar/instructions.ts\`; a test compares the two. What is not there yet parses and then gives one error that
names it, with its place.

| instruction | what it does | flags and forms | not yet |
| --- | --- | --- | --- |
${rows.join('\n')}

Also not yet: ADD of URLs and git repositories, RUN heredocs that begin with \`#!\`, contexts other than a directory.

## Differences

- An unknown user name in \`--chown\` or before WORKDIR is an error; BuildKit takes 0:0 without a word.
- Directories that COPY, ADD and WORKDIR make have the time 0, so that layers do not depend on when they were made.
- Extended attributes of files in the build context are not copied; in images that BuildKit exports there are none either.
- A name in \`COPY --link --chown=NAME\` is an error; BuildKit takes 0:0 for it.
- Files that heredocs make have the time 0, so that layers do not depend on when they were made.

## Warnings

${lintRules.map((rule) => `- \`${rule.code}\`: ${rule.summary}`).join('\n')}
`
}
