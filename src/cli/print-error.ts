import { redactUrl, sanitizeForTerminal, ToolError } from '../base/index.ts'

/** What is written to stderr for something thrown: message, cause of our own mistakes with their stack, hint. */
export function errorText(error: unknown): string {
  if (error instanceof ToolError) {
    const lines = [`error: ${sanitizeForTerminal(redactUrl(error.message))} [${error.code}]`]
    if (error.hint !== undefined) lines.push(`  hint: ${sanitizeForTerminal(error.hint)}`)
    return `${lines.join('\n')}\n`
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `${stack}\nThis is a mistake of Longshore's, not yours. Please report it with the text above.\n`
}
