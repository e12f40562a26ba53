import { describe, expect, it } from 'vitest'
import { heredocContent } from '../../src/dockerfile/index.ts'
import { codesOf, parseOne, parseText } from './parse-text.ts'

function heredocsOf(line: string) {
  const instruction = parseOne(line)
  const inner = instruction.kind === 'onbuild' ? instruction.trigger : instruction
  return 'heredocs' in inner ? inner.heredocs : []
}

describe('heredocs', () => {
  it('reads the body, and what follows as instructions', () => {
    const { instructions, diagnostics } = parseText('FROM a\nRUN <<EOF\nFROM b\n# c \\\n\nEOF\nCMD ["x"]')
    expect(diagnostics).toEqual([])
    expect(instructions.map((instruction) => instruction.kind)).toEqual(['from', 'run', 'cmd'])
    const [heredoc] = heredocsOf('RUN <<EOF\nFROM b\n# c \\\n\nEOF')
    expect(heredoc).toMatchObject({ name: 'EOF', expand: true, chomp: false, content: 'FROM b\n# c \\\n\n' })
  })

  it.each<[string, string, object]>([
    ['quotes that switch expansion off', 'RUN <<"E F"\nx\nE F', { name: 'E F', expand: false }],
    ['a partly quoted name', "RUN <<E'O'F\nx\nEOF", { name: 'EOF', expand: false }],
    ['an escaped name', 'RUN <<\\EOF\nx\nEOF', { name: 'EOF', expand: false }],
    ['a number in front', 'RUN 3<<EOF\nx\nEOF', { name: 'EOF', descriptor: 3 }],
    ['a dash: tabs before the terminator', 'RUN <<-EOF\n\t\tx\n\tEOF', { chomp: true, content: '\t\tx\n' }],
    ['ONBUILD', 'ONBUILD RUN <<EOF\nx\nEOF', { name: 'EOF', content: 'x\n' }],
    ['any case of the keyword', 'onbuild copy <<EOF /x\ny\nEOF', { name: 'EOF', content: 'y\n' }],
    ['an empty body', 'RUN <<EOF\nEOF', { content: '' }],
    ['\\r\\n', 'RUN <<EOF\r\nx\r\nEOF\r\n', { content: 'x\r\n' }],
  ])('knows %s', (_, line, expected) => {
    expect(heredocsOf(line)).toMatchObject([expected])
  })

  it('cuts tabs and no spaces', () => {
    const [heredoc] = heredocsOf('RUN <<-EOF\n\t\tx\n\t y\n z\n\tEOF')
    expect(heredoc && heredocContent(heredoc)).toBe('x\n y\n z\n')
  })

  it('reads several in order', () => {
    const instruction = parseOne('COPY <<a c <<b /dir/\n1\na\n2\nb')
    expect(instruction).toMatchObject({
      sources: [{ text: 'c' }],
      destination: { text: '/dir/' },
      heredocs: [
        { name: 'a', content: '1\n' },
        { name: 'b', content: '2\n' },
      ],
    })
  })

  it.each([
    'RUN cat <<< word',
    'RUN echo "<<EOF"',
    'RUN echo $((1<<2))',
    'RUN ["sh", "-c", "<<EOF"]',
    'ENV a=<<EOF',
    'RUN cat << EOF',
    'CMD cat <<EOF',
  ])('finds none in %s', (line) => {
    expect(heredocsOf(line)).toEqual([])
  })

  it('reads the lines after "<< EOF" as instructions', () => {
    expect(codesOf('FROM a\nRUN cat << EOF\nhello\nEOF')).toEqual(['unknown-instruction', 'unknown-instruction'])
  })

  it('wants the terminator exactly', () => {
    expect(codesOf('FROM a\nRUN <<EOF\nx\n EOF\nEOF \n')).toEqual(['unterminated-heredoc'])
    expect(codesOf('FROM a\nRUN <<-EOF\nx\n \tEOF\n')).toEqual(['unterminated-heredoc'])
  })

  it('refuses one as destination', () => {
    expect(codesOf('FROM a\nCOPY a <<EOF\nx\nEOF')).toEqual(['heredoc-destination'])
  })
})
