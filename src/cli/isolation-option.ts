import { Option } from 'commander'

/** `--isolation` of commands that run processes. */
export function isolationOption(): Option {
  return new Option('--isolation <name>', 'what runs the process (default: the first that works)').choices([
    'crun',
    'runc',
    'builtin',
  ])
}
