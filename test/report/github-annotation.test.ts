import { expect, it } from 'vitest'
import { type Diagnostic, sourceFile } from '../../src/base/index.ts'
import { githubAnnotation } from '../../src/report/index.ts'

const source = sourceFile('Dockerfile', 'FROM a\nRUN b \\\n  c\n')
const base: Diagnostic = {
  code: 'unknown-target',
  severity: 'error',
  message: '100% "x"\r\n::warning::gone',
  file: 'Dockerfile',
  span: { start: 5, end: 6 },
}

it('says where, and escapes what would end the message', () => {
  expect(githubAnnotation(base, source, 'a,b:c/Dockerfile')).toBe(
    '::error file=a%2Cb%3Ac/Dockerfile,line=1,col=6,endLine=1,endColumn=7,title=unknown-target::100%25 "x"%0D%0A::warning::gone\n',
  )
})

it('names rules as BuildKit does, adds the hint, and gives no last column over several lines', () => {
  const warning: Diagnostic = {
    ...base,
    code: 'secret-value',
    severity: 'warning',
    message: 'm',
    hint: 'h',
    span: { start: 7, end: 18 },
  }
  expect(githubAnnotation(warning, source, 'D')).toBe(
    '::warning file=D,line=2,col=1,endLine=3,title=SecretValue::m%0Ah\n',
  )
})

it('names the file alone when its text is not at hand', () => {
  expect(githubAnnotation({ ...base, message: 'm' }, undefined, 'D')).toBe('::error file=D,title=unknown-target::m\n')
})
