import { pathNames } from '../base/index.ts'
import type { WorkspaceDirective } from '../dockerfile/index.ts'
import { expandToWords, type Scope } from './expand-in-site.ts'
import type { GlobalScope } from './global-scope.ts'
import type { InstructionSite } from './instruction-site.ts'
import type { FileSource } from './types.ts'

/**
 * What an instruction that takes files of the build context takes them from: all of it, or what its own directive or that of
 * its stage leaves. Variables are those of the stage, then those in front of the first FROM. Undefined after an error.
 */
export function contextSource(
  site: InstructionSite,
  own: WorkspaceDirective | undefined,
  ofStage: WorkspaceDirective | undefined,
  scope: Scope,
  globals: GlobalScope,
): FileSource | undefined {
  const directive = own ?? ofStage
  if (directive === undefined) return { kind: 'context' }
  const both: Scope = {
    ...scope,
    lookup: (name) => scope.lookup(name) ?? globals.lookup(name),
    isDeclared: (name) => scope.isDeclared(name) || globals.isDeclared(name),
  }
  let root = ''
  const packages: string[] = []
  for (const written of directive.words) {
    const words = expandToWords(site, written, both)
    if (words === undefined) return undefined
    for (const word of words) {
      const [, setting, value = ''] = /^([a-z]+)=(.*)$/.exec(word) ?? []
      if (setting === undefined) packages.push(word)
      else if (setting === 'root') root = pathNames(value).join('/')
      else {
        site.error('invalid-workspace-directive', `there is no setting "${setting}"`, site.span(written), {
          hint: 'root=DIRECTORY says where in the build context the workspace is',
        })
        return undefined
      }
    }
  }
  const { file } = site.origin
  if (packages.length > 0)
    return { kind: 'workspace', root, packages: [...new Set(packages)].sort(), file, span: site.span(directive) }
  site.error('invalid-workspace-directive', 'this directive names no package', site.span(directive), {
    hint: 'its variables are empty: give them values, ARG NAME=… or --build-arg NAME=…',
  })
  return undefined
}
