/** Why buildah gives something else than the expectation, by the name of the case; without a reason no case may differ. */
export const buildahDifferences: Readonly<Record<string, string>> = {
  'cmd-under-shell': 'buildah keeps SHELL, but writes CMD and ENTRYPOINT with /bin/sh -c all the same',
  'copy-directory-over-file': 'buildah replaces a file by a directory',
  'copy-file-over-directory': 'buildah replaces a directory by a file',
  'copy-into-setgid':
    'buildah sets owner and mode of the directories that it makes, so that a setgid parent hands nothing down',
  'heredoc-copy': 'the buildah of Debian 12 is older than heredocs in its language (1.33)',
}
