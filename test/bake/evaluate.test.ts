import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { functionNames, plainValue } from '../../src/bake/index.ts'
import { definitionOf } from './bake-cases.ts'

/** The value of an expression, as JSON knows it; or the messages of what is wrong. */
async function evaluated(expression: string, before = ''): Promise<unknown> {
  const { definition } = await definitionOf('a.hcl', `${before}\nvariable "it" {\n  default = ${expression}\n}\n`)
  const { diagnostics, variables } = definition
  if (diagnostics.length > 0) return diagnostics.map(({ message }) => message).join('; ')
  return plainValue(variables.find(({ name }) => name === 'it')?.value ?? null)
}

const examples: readonly (readonly [string, unknown])[] = [
  // Precedence, from HCL's specification: ! and - bind tightest, then * / %, + -, comparisons, equality, &&, ||, ?:
  ['1 + 2 * 3', 7],
  ['(1 + 2) * 3', 9],
  ['-2 + 3', 1],
  ['7 % 4 - 1', 2],
  ['1 < 2 && 3 >= 3', true],
  ['true || false && false', true],
  ['!true || true', true],
  ['1 + 1 == 2 ? "a" : "b"', 'a'],
  ['false ? 1 : true ? 2 : 3', 2],
  ['1 == "1"', false],
  ['"2" * 3', 6],
  ['1.5e3', 1500],
  ['[1, 2,\n 3, # comment\n]', [1, 2, 3]],
  ['{ a = 1, "b" : 2, (upper("c")) = 3 }', { a: 1, b: 2, C: 3 }],
  ['{\n  a = 1\n  b = [2]\n}', { a: 1, b: [2] }],
  ['{ for = 1 }', { for: 1 }],
  ['[for v in [1, 2, 3] : v * 2 if v != 2]', [2, 6]],
  ['[for i, v in ["a", "b"] : "${i}${v}"]', ['0a', '1b']],
  ['{ for k, v in { b = 2, a = 1 } : upper(k) => v }', { A: 1, B: 2 }],
  ['{ for v in ["ab", "ac", "b"] : substr(v, 0, 1) => v... }', { a: ['ab', 'ac'], b: ['b'] }],
  ['[{ a = [1] }, { a = [2, 3] }][*].a[0]', [1, 2]],
  ['[{ a = 1 }, { a = 2 }].*.a', [1, 2]],
  ['{ a = 1 }[*].a', [1]],
  ['null[*]', []],
  ['[[1, 2], [3]][0][1]', 2],
  ['[[5]].0.0', 5],
  ['"a${1 + 1}b"', 'a2b'],
  ['"${[1]}"', [1]],
  ['"%{ if 1 > 2 }x%{ else }y%{ endif }z"', 'yz'],
  ['"a ${~ "b" ~} c"', 'abc'],
  ['"$${x} %%{y} $5 100%"', '${x} %{y} $5 100%'],
  ['"\\u00e9\\t\\U0001F600"', 'é\t😀'],
  ['<<A\nx ${1}\n A', 'x 1\n'],
  ['try(nothing, [][0], "third")', 'third'],
  ['can(1 / 0)', false],
  ['merge({ a = 1 }, null, { b = 2 })', { a: 1, b: 2 }],
  [
    'setproduct(["a", "b"], [1, 2])',
    [
      ['a', 1],
      ['a', 2],
      ['b', 1],
      ['b', 2],
    ],
  ],
  ['setsubtract(["c", "a", "b"], ["b"])', ['a', 'c']],
  ['zipmap(["a", "b"], [1, 2])', { a: 1, b: 2 }],
  ['slice(["a", "b", "c"], 1, 3)', ['b', 'c']],
  ['element(["a", "b"], 3)', 'b'],
  ['range(3)', [0, 1, 2]],
  ['range(5, 0, -2)', [5, 3, 1]],
  ['regexall("a(.)", "abac")', [['b'], ['c']]],
  ['regex("(?P<x>\\\\d+)-(?P<y>\\\\w+)", "12-ab")', { x: '12', y: 'ab' }],
  ['format("%s=%q %v %+d %x %08.3f %%", "a", "b\\"", [1, "c"], 5, 255, 3.14159)', 'a="b\\"" [1,"c"] +5 ff 0003.142 %'],
  ['formatlist("%s-%s", ["a", "b"], "x")', ['a-x', 'b-x']],
  ['title("hello wide world")', 'Hello Wide World'],
  ['trim("--a--", "-")', 'a'],
  ['substr("hello", -3, -1)', 'llo'],
  ['indent(2, "a\\nb")', 'a\n  b'],
  ['csvdecode("a,b\\n1,\\"x,y\\"\\n")', [{ a: '1', b: 'x,y' }]],
  ['jsondecode("{\\"a\\":[1,null]}")', { a: [1, null] }],
  ['jsonencode("<a&b>")', '"\\u003ca\\u0026b\\u003e"'],
  ['urlencode("a b/ü")', 'a+b%2F%C3%BC'],
  ['md5("a")', '0cc175b9c0f1b6a831c399e269772661'],
  ['uuidv5("dns", "example.com")', 'cfbff0d1-9375-5685-968c-48ce8b15ae17'],
  ['timestamp()', '2026-03-01T12:00:00Z'],
  ['timeadd("2026-03-01T12:00:00+01:00", "-1h30m")', '2026-03-01T10:30:00+01:00'],
  ['formatdate("EEE, DD MMM YY h:mm aa \'UTC\' ZZZ", "2026-03-01T15:04:05Z")', 'Sun, 01 Mar 26 15:04 pm UTC UTC'],
  ['unixtimestampparse(0).iso_week', 1],
  ['cidrhost("10.1.0.0/16", 258)', '10.1.1.2'],
  ['cidrhost("fd00::/8", -1)', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['cidrsubnets("10.0.0.0/8", 8, 4)', ['10.0.0.0/16', '10.16.0.0/12']],
  ['cidrnetmask("172.16.0.0/12")', '255.240.0.0'],
  ['cidrsubnet("fd00:1::/32", 16, 1)', 'fd00:1:1::/48'],
  ['semvercmp("1.4.2", "^1.2, !=1.4.1")', true],
  ['semvercmp("2.0.0-rc.1", ">=1")', false],
  ['semvercmp("1.2.9", "~1.2.3 || 3.x")', true],
  ['convert("42", "number") + 1', 43],
  ['sanitize("a.b/c")', 'a_b_c'],
  ['basename("/a/b.txt")', 'b.txt'],
  ['dirname("/a/b.txt")', '/a'],
  ['parseint("-ff", 16)', -255],
  ['log(8, 2)', 3],
  ['bytesslice("hello", 1, 3)', 'ell'],
]

describe('expressions', () => {
  test.each(examples)('%s', async (expression, expected) => expect(await evaluated(expression)).toEqual(expected))

  test('a value that goes through jsonencode and a template comes back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), async (value) => {
        // What stands for holes in templates is escaped, as a user would do.
        const escaped = JSON.stringify(value).replace(/[\\"]/g, '\\$&')
        const safe = `"${escaped.replace(/[$%](?=\{)/g, '$&$&')}"`
        expect(await evaluated(`jsondecode(${safe})`)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
      { numRuns: 200 },
    )
  })

  test('any text is read or refused, and never breaks the reader', async () => {
    const pieces = fc.constantFrom(
      'target "a" {',
      '}',
      '${',
      '"',
      '<<-E\n',
      'E\n',
      '[',
      ']',
      'for x in',
      ':',
      '=',
      '\n',
      '%{if',
      'a',
      '1',
      '.',
      '*',
      ' ',
      '(',
      ')',
      '/*',
      '#',
      '?',
      '...',
      '=>',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 25 }), async (words) => {
        const { definition } = await definitionOf('a.hcl', words.join(''))
        for (const { span } of definition.diagnostics) expect(span.start).toBeLessThanOrEqual(span.end)
      }),
      { numRuns: 500 },
    )
  })

  test('all documented functions are there', () => {
    const documented =
      'absolute add and base64decode base64encode basename byteslen bytesslice can ceil chomp chunklist cidrhost cidrnetmask cidrsubnet cidrsubnets coalesce coalescelist compact concat contains convert csvdecode dirname distinct divide element equal flatten floor format formatdate formatlist greaterthan greaterthanorequalto hasindex homedir indent index indexof int join jsondecode jsonencode keys length lessthan lessthanorequalto log lookup lower max md5 merge min modulo multiply negate not notequal or parseint pow range regex regex_replace regexall replace reverse reverselist sanitize semvercmp sethaselement setintersection setproduct setsubtract setsymmetricdifference setunion sha1 sha256 sha512 signum slice sort split strlen substr subtract timeadd timestamp title trim trimprefix trimspace trimsuffix try unixtimestampparse upper urlencode uuidv4 uuidv5 values zipmap'
    expect([...functionNames]).toEqual(documented.split(' ').sort())
  })
})
