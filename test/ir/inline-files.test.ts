// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are Dockerfile words
import { describe, expect, it } from 'vitest'
import { sourceFile } from '../../src/base/index.ts'
import { Problems } from '../../src/dockerfile/index.ts'
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.ts'
import { inlineFiles } from '../../src/ir/inline-files.ts'
import { InstructionSite } from '../../src/ir/instruction-site.ts'
import { StageVariables } from '../../src/ir/stage-variables.ts'

/** The files of a COPY with `V=value` set, as name and content, and what was reported. */
function filesOf(line: string, head = '') {
  const source = sourceFile('Dockerfile', `${head}FROM a\n${line}`)
  const { instructions, escape: escapeCharacter } = parseDockerfile(source)
  const copy = instructions[1]
  if (copy?.kind !== 'copy') throw new Error('no COPY')
  const problems = new Problems('Dockerfile')
  const site = new InstructionSite(source, copy, problems)
  const scope = StageVariables.ofImage(['V=value']).scope(escapeCharacter)
  const files = inlineFiles(site, copy.heredocs, scope)
  return {
    files: files?.map(({ name, content }) => [name, content]),
    opened: files?.map(({ span }) => source.text.slice(span.start, span.end)),
    problems: problems.all.map(({ code, message, span }) => [code, message, source.text.slice(span.start, span.end)]),
  }
}

describe('inlineFiles', () => {
  it.each<[string, string, string]>([
    ['expands', '<<EOF /x\n$V ${none:-d}\nEOF', 'value d\n'],
    ['keeps quotes', "<<EOF /x\n\"$V\" '$V' it's\nEOF", "\"value\" 'value' it's\n"],
    [
      'takes backslashes away and lets them protect what follows',
      '<<EOF /x\n\\$V \\\\ \\.php \\"\n\\\nEOF',
      '$V \\ .php "\n\n',
    ],
    ['leaves a quoted one alone', '<<"EOF" /x\n$V \\$V\nEOF', '$V \\$V\n'],
    ['cuts tabs before it expands', '<<-EOF /x\n\t\t$V\n\t  b\n\tEOF', 'value\n  b\n'],
    ['knows no comments', '<<EOF /x\n# a\n\nRUN b \\\n c\nEOF', '# a\n\nRUN b \n c\n'],
    ['may be empty', '<<EOF /x\nEOF', ''],
  ])('%s', (_, text, content) => {
    expect(filesOf(`COPY ${text}`)).toMatchObject({ files: [['EOF', content]], problems: [] })
  })

  it('takes the backslash whatever the escape directive says', () => {
    expect(filesOf('COPY <<EOF /x\n\\$V `$V\nEOF', '# escape=`\n').files).toEqual([['EOF', '$V `value\n']])
  })

  it('gives several, named by their delimiters', () => {
    const { files, opened } = filesOf('COPY <<a.conf b.txt <<"c d" /dir/\n1\na.conf\n2\nc d')
    expect(files).toEqual([
      ['a.conf', '1\n'],
      ['c d', '2\n'],
    ])
    expect(opened).toEqual(['<<a.conf', '<<"c d"'])
  })

  it('warns of undeclared variables, and points at them', () => {
    expect(filesOf('COPY <<EOF /x\na\n$VV\nEOF').problems).toEqual([
      ['undefined-var', "Usage of undefined variable '$VV' (did you mean $V?)", '$VV'],
    ])
  })

  it('reports what cannot be expanded, quoting its line, or the place alone when that is long', () => {
    const messageOf = (body: string) => filesOf(`COPY <<EOF /x\n${body}\nEOF`).problems[0]?.[1]
    const why = 'unsupported modifier (^) in substitution'
    expect(messageOf('one\ntwo ${V^}\nthree')).toBe(`failed to process "two ${'${V^}'}": ${why}`)
    expect(messageOf(`${'long '.repeat(100)}${'${V^}'}\nx`)).toBe(`failed to process "…${'${V^}'}…": ${why}`)
  })

  it.each(['a/b', '..', '.', '/x'])('refuses %s for the name of a file', (name) => {
    const { files, problems } = filesOf(`COPY <<${name} /x/\n${name}`)
    expect(files).toBeUndefined()
    expect(problems).toEqual([['not-supported', `the heredoc name "${name}" is not supported`, `<<${name}`]])
  })
})
