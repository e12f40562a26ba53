import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyFixes, sourceFile } from '../../src/base/index.ts'
import type { Word } from '../../src/dockerfile/index.ts'
import { parseDockerfile, parseTrigger } from '../../src/dockerfile/parse-dockerfile.ts'
import { codesOf, parseOne, parseText, problemsOf } from './parse-text.ts'

describe('parseDockerfile', () => {
  it('reads FROM with everything', () => {
    const [from] = parseText('from --platform=$P alpine:3 as Base').instructions
    expect(from).toMatchObject({
      kind: 'from',
      flags: [{ name: 'platform', value: '$P', valueSpan: { start: 16, end: 18 } }],
      image: { text: 'alpine:3' },
      alias: { as: { text: 'as' }, name: { text: 'Base' } },
    })
  })

  it.each<[string, object]>([
    [
      'ARG a b=c d="e f" g=',
      {
        assignments: [
          { name: { text: 'a' } },
          { name: { text: 'b' }, value: { text: 'c' } },
          { value: { text: '"e f"' } },
          { value: { text: '' } },
        ],
      },
    ],
    [
      'ENV a=b c="d e"',
      { legacy: false, pairs: [{ name: { text: 'a' } }, { name: { text: 'c' }, value: { text: '"d e"' } }] },
    ],
    ['ENV a b=c  d', { legacy: true, pairs: [{ name: { text: 'a' }, value: { text: 'b=c  d' } }] }],
    ['LABEL "a b"=c', { legacy: false, pairs: [{ name: { text: '"a b"' }, value: { text: 'c' } }] }],
    ['RUN echo   a', { command: { kind: 'shell', text: 'echo   a' } }],
    ['RUN ["a b", "c"]', { command: { kind: 'exec', args: [{ text: 'a b' }, { text: 'c' }] } }],
    ['RUN ["a", \\\n "b"]', { command: { kind: 'exec', args: [{ text: 'a' }, { text: 'b' }] } }],
    ["RUN ['a']", { command: { kind: 'shell', text: "['a']" } }],
    ['RUN [ "a" = "a" ]', { command: { kind: 'shell', text: '[ "a" = "a" ]' } }],
    ['RUN ["a"] && b', { command: { kind: 'shell', text: '["a"] && b' } }],
    ['CMD []', { command: { kind: 'exec', args: [] } }],
    ['CMD ["\\u00e9\\n\\""]', { command: { args: [{ text: 'é\n"' }] } }],
    ['RUN --network=none -- --x', { flags: [{ name: 'network', value: 'none' }], command: { text: '--x' } }],
    [
      'COPY --from=a --chown="1 2" x y z/',
      {
        flags: [{ name: 'from' }, { name: 'chown', value: '1 2' }],
        sources: [{ text: 'x' }, { text: 'y' }],
        destination: { text: 'z/' },
      },
    ],
    ['COPY ["a b", "c"]', { sources: [{ text: 'a b' }], destination: { text: 'c' } }],
    ["COPY ['a', 'b']", { sources: [{ text: "['a'," }], destination: { text: "'b']" } }],
    ['COPY a --chown=x', { flags: [], destination: { text: '--chown=x' } }],
    [
      'COPY --link --parents=FALSE a b',
      {
        flags: [
          { name: 'link', value: 'true' },
          { name: 'parents', value: 'false' },
        ],
      },
    ],
    ['COPY --exclude=a --exclude=b c d', { flags: [{ value: 'a' }, { value: 'b' }] }],
    ['ADD --checksum=sha256:x http://a b', { kind: 'add', flags: [{ name: 'checksum' }] }],
    ['WORKDIR /a b', { path: { text: '/a b' } }],
    ['USER  a:b ', { user: { text: 'a:b' } }],
    ['EXPOSE 80 81/udp', { ports: [{ text: '80' }, { text: '81/udp' }] }],
    ['VOLUME /a /b', { paths: [{ text: '/a' }, { text: '/b' }] }],
    ['VOLUME ["/a b"]', { paths: [{ text: '/a b' }] }],
    ['STOPSIGNAL 9', { signal: { text: '9' } }],
    ['SHELL ["a", "-c"]', { command: { args: [{ text: 'a' }, { text: '-c' }] } }],
    ['HEALTHCHECK none', { kind: 'healthcheck', flags: [] }],
    [
      'HEALTHCHECK --interval=1m --retries=3 CMD --x $y',
      { flags: [{ name: 'interval' }, { name: 'retries' }], command: { kind: 'shell', text: '--x $y' } },
    ],
    ['HEALTHCHECK CMD ["a"]', { command: { kind: 'exec', args: [{ text: 'a' }] } }],
    [
      'ONBUILD   RUN --network=none  a',
      { kind: 'onbuild', trigger: { kind: 'run', text: 'RUN --network=none  a', flags: [{ name: 'network' }] } },
    ],
    ['MAINTAINER a <b@c>', { author: { text: 'a <b@c>' } }],
  ])('reads %s', (line, expected) => {
    expect(parseOne(line)).toMatchObject(expected)
  })

  it.each<[string, string, string]>([
    ['FRON a', 'unknown-instruction: unknown instruction: FRON (did you mean FROM?)', 'FRON'],
    ['FROM', 'from-arguments: FROM requires either one or three arguments', 'FROM'],
    ['FROM a b', 'from-arguments: FROM requires either one or three arguments', 'b'],
    [
      'FROM a AS 1x',
      'invalid-stage-name: invalid name for build stage: "1x", name can\'t start with a number or contain symbols',
      '1x',
    ],
    ['COPY', 'missing-arguments: COPY requires at least two arguments', 'COPY'],
    [
      'COPY a',
      'missing-arguments: COPY requires at least two arguments, but only one was provided. Destination could not be determined',
      'COPY a',
    ],
    ['EXPOSE', 'missing-arguments: EXPOSE requires at least one argument', 'EXPOSE'],
    ['WORKDIR', 'missing-arguments: WORKDIR requires exactly one argument', 'WORKDIR'],
    ['RUN', 'missing-arguments: RUN requires at least one argument', 'RUN'],
    ['RUN []', 'missing-arguments: RUN requires at least one argument', '[]'],
    ['ENV a', 'missing-arguments: ENV must have two arguments', 'ENV a'],
    ['ENV a=b c', 'invalid-pair: Syntax error - can\'t find = in "c". Must be of the form: name=value', 'c'],
    ['ENV =b', 'blank-name: ENV names can not be blank, found "=b"', '=b'],
    ['ARG =b', 'blank-name: ARG names can not be blank, found "=b"', '=b'],
    [
      'CMD ["a", 1]',
      'json-not-strings: when using JSON array syntax, arrays must be comprised of strings only, found 1',
      '1',
    ],
    [
      'COPY ["a", null]',
      'json-not-strings: when using JSON array syntax, arrays must be comprised of strings only, found null',
      'null',
    ],
    ['SHELL sh -c', 'shell-not-json: SHELL requires the arguments to be in JSON form, found "sh -c"', 'sh -c'],
    ['SHELL []', 'shell-not-json: SHELL requires at least one argument', '[]'],
    ['VOLUME [""]', 'missing-arguments: VOLUME specified can not be an empty string', '""'],
    ['RUN --mont=x a', 'unknown-flag: unknown flag: --mont (did you mean mount?)', '--mont=x'],
    ['ENV --x a=b', 'unknown-flag: unknown flag: --x', '--x'],
    ['ENTRYPOINT --x', 'unknown-flag: unknown flag: --x', '--x'],
    ['COPY --chown=a --chown=b c d', 'duplicate-flag: duplicate flag specified: chown', '--chown=b'],
    ['COPY --from a b', 'missing-flag-value: missing a value on flag: from', '--from'],
    ['COPY --link=x a b', 'invalid-flag-value: expecting boolean value for flag link, not: x', '--link=x'],
    ['RUN --network=x a', 'invalid-flag-value: invalid value "x" of --network', 'x'],
    ['RUN --security=x a', 'invalid-flag-value: invalid value "x" of --security', 'x'],
    ['HEALTHCHECK NONE x', 'healthcheck-arguments: HEALTHCHECK NONE takes no arguments', 'x'],
    ['HEALTHCHECK CMD', 'healthcheck-arguments: Missing command after HEALTHCHECK CMD', 'CMD'],
    ['HEALTHCHECK CMD []', 'healthcheck-arguments: Missing command after HEALTHCHECK CMD', '[]'],
    ['HEALTHCHECK curl x', 'healthcheck-arguments: Unknown type "curl" in HEALTHCHECK (try CMD)', 'curl'],
    [
      'HEALTHCHECK --interval=1us CMD x',
      'invalid-duration: Interval "interval" cannot be less than 1ms, found 1us',
      '1us',
    ],
    ['HEALTHCHECK --timeout=5 CMD x', 'invalid-duration: invalid duration "5" of --timeout', '5'],
    ['HEALTHCHECK --retries=-1 CMD x', 'invalid-retries: --retries must be a number from 0 on, not "-1"', '-1'],
    ['ONBUILD ONBUILD RUN a', "onbuild-not-allowed: Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", 'ONBUILD'],
    ['ONBUILD FROM a', "onbuild-not-allowed: FROM isn't allowed as an ONBUILD trigger", 'FROM'],
    ['ONBUILD', 'missing-arguments: ONBUILD requires at least one argument', 'ONBUILD'],
    [
      'ONBUILD COPY a',
      'missing-arguments: COPY requires at least two arguments, but only one was provided. Destination could not be determined',
      'COPY a',
    ],
  ])('refuses %s with one error, at its place', (line, problem, place) => {
    const text = `FROM a\n${line}\nCMD ["x"]`
    const { diagnostics, instructions } = parseText(text)
    expect(diagnostics.map(({ code, message }) => `${code}: ${message}`)).toEqual([problem])
    expect(diagnostics[0]?.severity).toBe('error')
    expect(diagnostics[0]?.hint).toBeTruthy()
    const { start = 0, end = 0 } = diagnostics[0]?.span ?? {}
    expect(text.slice(start, end)).toBe(place)
    expect(instructions.map((instruction) => instruction.kind)).toEqual(['from', 'cmd'])
  })

  it('reads a chain of ONBUILD as long as a line can be', () => {
    expect(codesOf(`FROM a\n${'ONBUILD '.repeat(8000)}<<E`)).toEqual(['onbuild-not-allowed'])
  })

  it('gives one error for each broken instruction', () => {
    expect(codesOf('FROM a b\nRUNN x\nCOPY\nRUN ok\nENV a')).toEqual([
      'from-arguments',
      'unknown-instruction',
      'missing-arguments',
      'missing-arguments',
    ])
  })

  it.each([
    ['', 'empty-dockerfile: the Dockerfile has no instructions'],
    ['# only\n\n', 'empty-dockerfile: the Dockerfile has no instructions'],
    ['ARG a', 'no-build-stage: the Dockerfile has no stages to build'],
    ['RUN a\nFROM b', 'no-build-stage: no build stage in current context: RUN a'],
    ['ARG a\nENV b=c\nFROM b', 'no-build-stage: no build stage in current context: ENV b=c'],
  ])('wants a stage: %j', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem])
  })

  it('offers fixes that can be applied', () => {
    const text = 'FROM a\nRUNN x'
    const fix = parseText(text).diagnostics[0]?.fix
    expect(fix && applyFixes(text, [fix]).text).toBe('FROM a\nRUN x')
  })

  it('points into the source across continuations', () => {
    const text = 'FROM a\nCO\\\nPY --from=b\\\nc \\\n # x\n  s\\\nrc dst'
    const copy = parseText(text).instructions[1]
    expect(copy).toMatchObject({ kind: 'copy', sources: [{ text: 'src' }], flags: [{ name: 'from', value: 'bc' }] })
    const sliceOf = (word: Pick<Word, 'span'> | undefined) => word && text.slice(word.span.start, word.span.end)
    expect(copy?.kind === 'copy' && copy.sources.map(sliceOf)).toEqual(['s\\\nrc'])
    expect(copy?.kind === 'copy' && sliceOf(copy.destination)).toBe('dst')
    expect(sliceOf(copy?.keyword)).toBe('CO\\\nPY')
  })

  it('never throws, keeps its spans inside the text, and is plain JSON', () => {
    const word = fc.constantFrom(
      'FROM',
      'RUN',
      'copy',
      'ENV',
      'ARG',
      'LABEL',
      'HEALTHCHECK',
      'CMD',
      'ONBUILD',
      'SHELL',
      'VOLUME',
      'a',
      'a=b',
      '=',
      '"',
      "'",
      '[',
      ']',
      '["a"]',
      '[1]',
      ',',
      '--from=x',
      '--',
      '--x',
      '<<E',
      'E',
      'NONE',
      '\n',
      '\n',
      '\\\n',
      '#',
      '# escape=`\n',
      '\\',
      '`',
      '$',
      '\ufeff',
      '\r\n',
      '😀',
    )
    const text = fc.oneof(
      fc.array(word, { maxLength: 30 }).map((words) => words.join(' ')),
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.string({ unit: 'grapheme', maxLength: 60 }).map((tail) => `FROM a\nRUN ${tail}`),
    )
    fc.assert(
      fc.property(text, (source) => {
        const parsed = parseText(source)
        expect(JSON.parse(JSON.stringify(parsed))).toEqual(parsed)
        for (const { span } of [...parsed.instructions, ...parsed.diagnostics]) {
          expect(span.start).toBeGreaterThanOrEqual(0)
          expect(span.end).toBeGreaterThanOrEqual(span.start)
          expect(span.end).toBeLessThanOrEqual(source.length)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('gives every instruction a span that holds all of it, and nothing else', () => {
    const line = fc.constantFrom(
      'RUN a \\\n  # c\n\n  b  ',
      'RUN <<E\n\ta # b \\\nE',
      'RUN cat <<-"A B" 3<<C\nx\n\tA B\nRUN y\nC',
      'COPY --from=a <<E b \\\n c /d/\n$x\nE',
      'COPY ["a b", "c"]',
      '  ENV a="1 2" b=\\\n3',
      'env a 1 2',
      'LABEL "a b"=c',
      'ARG a b=c',
      'CMD ["x", "\\u0041"]',
      'ENTRYPOINT [x',
      'HEALTHCHECK --interval=1s CMD a \\\n b',
      'ONBUILD COPY <<E /x\nE\nE',
      'ONBUILD RUN a',
      'WORKDIR /a b ',
      'EXPOSE 1 2/udp',
      'VOLUME /a "b"',
      'USER a:b',
      'STOPSIGNAL 9',
      'SHELL ["a"]',
      'MAINTAINER me',
      'FROM --platform=$P a AS b',
      '# comment',
      '',
      'RUN',
      'NONSENSE x',
    )
    const file = fc.tuple(fc.constantFrom('', '# escape=`\n', '\ufeff'), fc.array(line, { maxLength: 12 }))
    fc.assert(
      fc.property(file, fc.constantFrom('\n', '\r\n'), ([head, lines], end) => {
        const source = `${head}${lines.join('\n')}`.replaceAll('\n', end)
        const parsed = parseText(source)
        for (const instruction of parsed.instructions) {
          const text = source.slice(instruction.span.start, instruction.span.end)
          const again = parseText(`${parsed.escape === '`' ? '# escape=`\n' : ''}FROM first\n${text}`)
          expect(again.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
          expect(again.instructions).toHaveLength(2)
          expect(withoutSpans(again.instructions[1])).toEqual(withoutSpans(instruction))
        }
      }),
      { numRuns: 400 },
    )
  })
})

/** The value without the places of its parts. */
function withoutSpans(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, member) => (/^(?:span|\w*Span)$/.test(key) ? undefined : member)))
}

describe('parseTrigger', () => {
  it('gives the instruction itself, named after its image', () => {
    const parsed = parseTrigger('RUN <<EOF\nhello\nEOF', 'ONBUILD of alpine:3')
    expect(parsed.instructions).toMatchObject([{ kind: 'run', text: 'RUN <<EOF', heredocs: [{ content: 'hello\n' }] }])
    expect(parsed.diagnostics).toEqual([])
  })

  it('refuses what cannot be a trigger', () => {
    const [problem] = parseTrigger('FROM x', 'ONBUILD of y').diagnostics
    expect(problem).toMatchObject({ code: 'onbuild-not-allowed', file: 'ONBUILD of y' })
  })

  it('takes the name of the source into diagnostics', () => {
    expect(parseDockerfile(sourceFile('sub/Dockerfile', 'RUNN')).diagnostics[0]?.file).toBe('sub/Dockerfile')
  })
})
