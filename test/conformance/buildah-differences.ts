/** Features that the buildah of Debian 12 (1.28) does not have: their cases are not compared. */
export const buildahLacks: readonly { readonly cases: RegExp; readonly feature: string }[] = [
  { cases: /^heredoc-/, feature: 'heredocs came with 1.33' },
  { cases: /^copy-(?:parents|exclude|link)/, feature: 'COPY --parents, --exclude, --link' },
  { cases: /^copy-chmod-symbolic$/, feature: 'symbolic --chmod' },
  { cases: /^arg-target-stage$/, feature: 'TARGETSTAGE' },
  { cases: /^add-unpack$/, feature: 'ADD --unpack' },
  {
    cases: /^(?:env-patterns|env-defaults-unset|arg-default-unused|env-required)/,
    feature: '- and ? without a colon and patterns in expansions',
  },
]

/** Why buildah gives something else than the expectation, by the name of the case; without a reason no case may differ. */
export const buildahDifferences: Readonly<Record<string, string>> = {
  'add-chown-archive': 'buildah leaves the owners of an archive, whatever --chown says',
  'arg-other-stage': 'buildah gives a stage no ARGs of the stage it is built on',
  'arg-positional': 'buildah leaves $*, $@, $? and the like as they are',
  'arg-proxy': 'buildah lets undeclared proxy arguments into expansions',
  'cmd-under-shell': 'buildah keeps SHELL, but writes CMD and ENTRYPOINT with /bin/sh -c all the same',
  'copy-chmod-parents': 'buildah makes the directories of the destination 0755',
  'copy-directory-over-file': 'buildah replaces a file by a directory',
  'copy-file-over-directory': 'buildah replaces a directory by a file',
  'copy-from-index': 'stage names of buildah 1.28 depend on their case',
  'copy-into-setgid': 'buildah sets owner and mode of the directories it makes: a setgid parent hands nothing down',
  'copy-literal-bracket': 'buildah takes a class for its characters once more when the file is copied',
  'copy-modes': 'buildah drops setuid and setgid bits of files in the context',
  'copy-onto-symlink-to-file':
    'buildah replaces a symlink at the destination, and makes a directory for a dangling one',
  'copy-several-no-slash': 'buildah makes a directory of the destination of several sources',
  'copy-wildcard-no-match': 'a pattern that matches nothing is an error for buildah',
  'copy-wildcard-symlink': 'patterns of buildah look below symlinks',
  'env-quotes': 'buildah 1.28 ends an escape at the end of a line by the next instruction',
  expose: 'buildah keeps port ranges and the case of protocols as they are written',
  'ignore-directory-negated-child':
    'buildah makes a left-out directory anew, 0755, when something in it is taken again',
  'syntax-json-broken': 'buildah makes the directories of VOLUME',
  volume: 'buildah makes the directories of VOLUME, and throws away what later steps write there',
  'volume-words': 'buildah makes the directories of VOLUME',
}
