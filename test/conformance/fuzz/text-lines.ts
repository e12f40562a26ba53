// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are Dockerfile words
import type { FuzzCase, Unit } from './fuzz-case.ts'
import type { Random } from './random.ts'

const names = ['a', 'b', 'v', 'w', 'u', 'E', 'x_1'] as const
const plainParts = [
  'a',
  'bc',
  'D1',
  '-',
  '.',
  ':',
  '/',
  ',',
  '#',
  '=',
  '%',
  '@',
  'ä',
  '\u00a0',
  '{',
  '}',
  '(',
  '~',
  '*',
  '[x]',
]
const quoteParts = [
  '"x y"',
  "'x y'",
  '"$v"',
  "'$v'",
  '"a\\"b"',
  `"it's"`,
  `'say "x"'`,
  '""',
  "''",
  '"a\\b"',
  '"\\$v"',
  '"`"',
  "'\\'",
]
const escapeParts = ['\\', '\\\\', '\\ ', '\\$v', '\\"', "\\'", '\\n', '`', '` ', '`$v', '`"', '\\=', '\\#']
const oddParts = [
  '"',
  "'",
  '$',
  '$$',
  '${',
  '${}',
  '${v',
  '$1',
  '$12a',
  '$@',
  '$?',
  '${1}',
  '${a b}',
  '${v:}',
  '${v:=x}',
  '${:-x}',
  '${a.b}',
  '$ä',
  '${ä}',
  '${-}',
]
/** Those without a colon came later than the BuildKit that is compared with. */
const modifiers = [':-', ':+', ':?']

/** Instructions whose words are expanded or not, quoted, escaped and continued in every way. */
export function textCase(random: Random, size: number): FuzzCase {
  const backtick = random.chance(20)
  const head = [
    ...(backtick
      ? ['# escape=`']
      : random.chance(5)
        ? [random.pick(['#escape=\\', '# Escape = `', '# nothing', '# escape=x'])]
        : []),
    ...(random.chance(20) ? ['ARG g=1'] : []),
    'FROM scratch',
    'ENV v=val w="two words" E=',
    'ARG b="arg b"',
    ...(random.chance(50) ? ['ARG g'] : []),
  ]
  const units = random.list(1, size, () => unit(random, backtick ? '`' : '\\'))
  return {
    head,
    units,
    lineEnd: random.chance(15) ? '\r\n' : '\n',
    entries: [],
    buildArgs: random.chance(30) ? { b: 'given $v' } : {},
  }
}

function unit(random: Random, escapeCharacter: string): Unit {
  const line = random.pick(makers)(random)
  return [decorate(random, random.chance(8) ? oddCase(random, line) : line, escapeCharacter)]
}

const makers: readonly ((random: Random) => string)[] = [
  (random) => `ENV ${pairs(random)}`,
  (random) => `ENV ${pairs(random)}`,
  (random) => `ENV ${name(random)}${blank(random)}${words(random)}`,
  (random) => `LABEL ${pairs(random)}`,
  (random) => `LABEL ${word(random)}=${word(random)}`,
  (random) => `LABEL ${word(random)} ${words(random)}`,
  (random) =>
    `ARG ${random.list(1, 2, () => random.pick([name(random), `${name(random)}=${word(random)}`])).join(' ')}`,
  (random) => `WORKDIR ${random.pick(['', '/', './', '../', '/x/../'])}${random.pick([word, words])(random)}`,
  (random) => `USER ${random.pick([word, words])(random)}`,
  (random) =>
    `STOPSIGNAL ${random.pick(['SIGTERM', 'term', '9', '0', '-1', '64', '65', '100', '${u:-SIGINT}', 'RTMIN+1', 'SIGRTMAX-3', 'rtmin', ' +5 ', '"9"', 'SIGFOO', '007', '1 2'])}`,
  (random) => `EXPOSE ${random.list(1, 3, () => port(random)).join(' ')}`,
  (random) => `VOLUME ${random.pick([words(random), json(random), `/${word(random)}`])}`,
  (random) => `CMD ${random.pick([words(random), json(random), json(random), ''])}`,
  (random) => `ENTRYPOINT ${random.pick([words(random), json(random), json(random), ''])}`,
  (random) => `SHELL ${random.pick([json(random), json(random), words(random)])}`,
  (random) => `MAINTAINER ${words(random)}`,
  (random) => `ONBUILD ${random.pick(makers)(random)}`,
  (random) => `HEALTHCHECK ${health(random)}`,
]

function name(random: Random): string {
  return random.pick(names)
}

function blank(random: Random): string {
  return random.pick([' ', ' ', ' ', '  ', '\t', ' \t '])
}

function words(random: Random): string {
  return random.list(1, 3, () => word(random)).join(blank(random))
}

function pairs(random: Random): string {
  return random
    .list(
      1,
      3,
      () =>
        `${random.chance(5) ? word(random) : name(random)}${random.chance(95) ? '=' : ''}${random.chance(90) ? word(random) : ''}`,
    )
    .join(blank(random))
}

function word(random: Random): string {
  return random.list(1, 4, () => part(random)).join('')
}

function part(random: Random): string {
  const kind = random.below(100)
  if (kind < 35) return random.pick(plainParts)
  if (kind < 50) return random.pick([`$${name(random)}`, `\${${name(random)}}`])
  if (kind < 65)
    return `\${${name(random)}${random.pick(modifiers.slice(0, random.chance(90) ? 2 : 3))}${random.chance(80) ? word(random) : ''}}`
  if (kind < 80) return random.pick(quoteParts)
  if (kind < 93) return random.pick(escapeParts)
  return random.pick(oddParts)
}

function port(random: Random): string {
  return random.pick([
    '80',
    '8000-8002',
    '53/udp',
    '9/TCP',
    '1/sctp',
    '7/xyz',
    '0',
    '65535',
    '65536',
    '80:81',
    '127.0.0.1:80:81',
    '::1:80:81',
    '[::1]:80:81',
    '80-81:90-91',
    '80-82:90-91',
    '82-80',
    '$u',
    '${u:-10 11}',
    '"80"',
    '"80 81"',
    '$w',
    '80/',
    '/tcp',
    'a',
    '80/tcp/udp',
    '080',
    '80-80',
    ':80',
    '1.2.3:4:5',
    '1.2.3.4::5',
    '80:',
    'x:80',
    '$v',
    '70000:80',
    '"8"0',
    '-1',
    '+80',
    '8\\0',
  ])
}

function json(random: Random): string {
  const items = random.list(0, 3, () =>
    random.pick([
      '"a"',
      '"$v"',
      '"x y"',
      '""',
      '"\\u00e4"',
      '"\\ud800"',
      '"\\n"',
      '"a\\\\b"',
      '"\\/"',
      '/x',
      "'q'",
      '1',
      'null',
      '"<&>"',
      '"/${v}"',
      '"ä"',
      '"\t"',
      '["n"]',
      '"\\x"',
    ]),
  )
  const text = `[${blank(random)}${items.join(random.pick([',', ', ', ' ,', ' ']))}]`
  return random.chance(85) ? text : `${text}${random.pick([' x', ']', ',', ' # c', ' ["y"]'])}`
}

function health(random: Random): string {
  const flags = random.list(0, 2, () =>
    random.pick([
      '--interval=5s',
      '--timeout=1m30s',
      '--retries=3',
      '--retries=0',
      '--retries=-1',
      '--start-period=500ms',
      '--interval=0',
      '--interval=1',
      '--timeout=1us',
      '--timeout=.5s',
      '--timeout=-1s',
      '--interval="5s"',
      '--interval=',
      '--retries=x',
      '--retries=+2',
      '--interval=1h1m1s1ms',
      '--timeout=1d',
      '--retries=03',
      '--foo=1',
      '--interval=1.5h',
      '--retries=',
      '--timeout=1e3s',
      '--start-period=0s',
    ]),
  )
  const what = random.pick([
    `CMD ${words(random)}`,
    `CMD ${json(random)}`,
    'NONE',
    'none',
    'CMD',
    `cmd ${words(random)}`,
    'NONE x',
    words(random),
    '',
  ])
  return [...flags, what].join(' ')
}

function oddCase(random: Random, line: string): string {
  return random.pick([
    line.toLowerCase(),
    `  ${line}`,
    line.replace(' ', '   '),
    line.replace(' ', '\t'),
    `${line}  `,
    `${line}\t`,
    line.replace(' ', ' -- '),
    line.replace(' ', '\u00a0'),
    `\u00a0${line}`,
    line.replace(' ', ''),
    `${line} # c`,
    line.replace(' ', ' --x '),
  ])
}

/** Now and then breaks a line by a continuation, with what may stand in one. */
function decorate(random: Random, line: string, escapeCharacter: string): string {
  if (!random.chance(25)) return line
  const at = random.below(line.length + 1)
  const between = random.list(0, 2, () =>
    random.pick(['# comment\n', '\n', '  # indented\n', '   \n', '#\n', '# c \\\n', '\t\n']),
  )
  return `${line.slice(0, at)}${escapeCharacter}${random.pick(['', '', ' ', '\t '])}\n${between.join('')}${random.pick(['', ' ', '  ', '\t'])}${line.slice(at)}`
}
