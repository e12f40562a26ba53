import { Option } from 'commander'

/** `--format` of a listing whose templates know these fields. */
export function formatOption(fields: string): Option {
  return new Option(
    '--format <format>',
    `table, json (one object a line), or a template: 'table {{.ID}}\\t{{.Size}}' (${fields})`,
  )
}
