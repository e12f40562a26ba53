import { instructionKinds, instructionRule } from './instructions.ts'
import { lintRules } from './lint-rules.ts'

const whenItSpeaks = {
  build: 'build, check',
  check: 'check',
  experimental: 'where `experimental=` asks for it',
} as const

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

Also not yet: RUN heredocs that begin with \`#!\`.

## Contexts

A directory; \`-\` for standard input (a tar, plain or compressed with gzip, bzip2, xz or zstd, or a Dockerfile alone); a git
repository, \`URL#ref:folder\` or \`URL?ref=…&subdir=…\`; an archive or a Dockerfile by http(s). \`--build-context NAME=VALUE\` puts a
directory, \`docker-image://\`, \`oci-layout://\`, a git repository or an http(s) archive in the place of a stage or an image.

## Differences

- An unknown user name in \`--chown\` or before WORKDIR is an error; BuildKit takes 0:0 without a word.
- Directories that COPY, ADD and WORKDIR make have the time 0, so that layers do not depend on when they were made.
- Extended attributes of files in the build context are not copied; in images that BuildKit exports there are none either.
- Files of a context that came as an archive are owned by 0:0, as those of a directory; BuildKit keeps the archive's owners.
- Files of a git repository are 0644 or 0755 and have the time of the commit; BuildKit gives them the time of the checkout.
- A \`docker-image://\` context whose name is that of another named context leads on to that one.
- A name in \`COPY --link --chown=NAME\` is an error; BuildKit takes 0:0 for it.
- Files that heredocs make have the time 0, so that layers do not depend on when they were made.

## Warnings

Rules under BuildKit's names are BuildKit's. \`check\` is [longshore check](check.md) or \`build --check\`.

| rule | code | speaks in | what it is about |
| --- | --- | --- | --- |
${lintRules.map(({ name, code, level, description }) => `| \`${name}\` | [${code}](diagnostics/${code}.md) | ${whenItSpeaks[level]} | ${description} |`).join('\n')}
`
}
