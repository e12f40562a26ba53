import { escapeData, escapeProperty } from './github-annotation.ts'

/**
 * A line, or several lines, for the file of GITHUB_OUTPUT. A value of several lines stands between two lines that say `mark`,
 * which must be in no value; undefined when it is in this one.
 */
export function githubOutput(name: string, value: string, mark: string): string | undefined {
  if (!/[\r\n]/.test(value)) return `${name}=${value}\n`
  return value.includes(mark) ? undefined : `${name}<<${mark}\n${value}\n${mark}\n`
}

/** An error without a place, as a workflow command. */
export function githubError(title: string, message: string): string {
  return `::error title=${escapeProperty(title)}::${escapeData(message)}\n`
}
