import { type Heredoc, heredocContent } from '../dockerfile/index.ts'
import { expandIn, type Scope } from './expand-in-site.ts'
import type { InstructionSite } from './instruction-site.ts'
import type { InlineFile } from './types.ts'

/**
 * The files that the heredocs of a COPY or ADD stand for. Variables are expanded unless the name was quoted; quotes
 * stay, and a backslash, whatever the escape directive says, vanishes and protects what follows, be it no more than a dot:
 * BuildKit reads the body as one unquoted word. Undefined after an error.
 */
export function inlineFiles(
  site: InstructionSite,
  heredocs: readonly Heredoc[],
  scope: Scope,
): readonly InlineFile[] | undefined {
  const files: InlineFile[] = []
  for (const heredoc of heredocs) {
    if (!checkFileName(site, heredoc)) return undefined
    const text = heredocContent(heredoc)
    const body = { text, span: heredoc.bodySpan }
    const content = heredoc.expand ? expandIn(site, body, { ...scope, escape: '\\' }, { quotes: 'kept' }) : text
    if (content === undefined) return undefined
    files.push({ name: heredoc.name, content, span: site.span(heredoc) })
  }
  return files
}

/** Whether a heredoc's name can be that of a file; reports it when not. */
export function checkFileName(site: InstructionSite, heredoc: Heredoc): boolean {
  const { name } = heredoc
  if (!name.includes('/') && name !== '.' && name !== '..') return true
  site.error('not-supported', `the heredoc name "${name}" is not supported`, site.span(heredoc), {
    hint: 'it becomes the name of a file: leave slashes out, and name the directory by the destination',
  })
  return false
}
