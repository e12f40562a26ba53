import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { contextFor, longshore, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
const me = makeActor(unavailable('root') === undefined ? 'root' : 'user', directory)
const at = (name: string): string => join(me.home, name)
const read = (name: string): string => readFileSync(at(name), 'utf8')
const github = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: at('summary.md'), GITHUB_OUTPUT: at('output') }
let context: string

beforeAll(() => {
  buildBase(me)
  context = contextFor(me, 'ci', {
    secret: 'hunter2',
    Dockerfile:
      'FROM longshore-base\nARG KEY\nRUN --mount=type=secret,id=token cat /run/secrets/token; echo $KEY\nRUN echo two > /two\n',
  })
})
afterAll(() => removeDirectory(directory))

test('GitHub gets a summary and the outputs of build-push-action, without secrets and values of arguments', () => {
  const secret = ['--secret', `id=token,src=${context}/secret`, '--build-arg', 'KEY=hunter3']
  const layout = ['-o', `type=oci,dest=${at('image.tar')}`, '--digest-file', 'digest', '--metadata-file', 'metadata']
  const named = ['--image-name-with-digest-file', 'named', '--image-name-tag-with-digest-file', 'tagged']
  const result = longshore(me, ['build', '-t', 'example.com/team/app:1', ...secret, ...layout, ...named, context], {
    env: github,
  })
  expect(result.status, result.stderr).toBe(0)
  const id = result.stdout.trim()
  const digest = read('digest')
  expect(read('summary.md')).toContain(`### Built: \`example.com/team/app:1\``)
  expect(read('summary.md')).toContain(`| image ID | \`${id}\` |\n| digest | \`${digest}\` |`)
  expect(read('summary.md')).toMatch(/\| `\[3\/3\] RUN echo two > \/two` \| ran \| [\d.]+s \| [\d.]+kB \|/)
  expect(read('summary.md')).not.toMatch(/hunter/)
  const [, mark = ''] = /^metadata<<(\S+)$/m.exec(read('output')) ?? []
  expect(read('output')).toBe(
    `imageid=${id}\ndigest=${digest}\nmetadata<<${mark}\n${read('metadata').trimEnd()}\n${mark}\n`,
  )
  expect(read('named')).toBe(`example.com/team/app@${digest}\n`)
  expect(read('tagged')).toBe(`example.com/team/app:1@${digest}\n`)
})

test('a failed build says so in the summary and at its line; one that cannot begin, too', () => {
  const broken = contextFor(me, 'broken', { Dockerfile: 'FROM longshore-base\nRUN exit 7\n' })
  const env = { ...github, GITHUB_STEP_SUMMARY: at('failed.md') }
  const result = longshore(me, ['build', broken], { env })
  expect(result.status).toBe(1)
  expect(result.stderr).toMatch(/^::error file=[^\n]*Dockerfile,line=2,[^\n]*title=step-failed::process/m)
  expect(read('failed.md')).toMatch(
    /\*\*Errors\*\*\n\n- `[^`]*Dockerfile:2`: `process [^\n]* exit code: 7` \(step-failed\)/,
  )
  const nowhere = longshore(me, ['build', 'nowhere'], { env })
  expect(nowhere.stderr).toMatch(/^::error title=context-not-found::/m)
  expect(read('failed.md')).toContain('### Failed: `nowhere`')
})

test('GitLab gets sections; --ci none and other machines get none of it', () => {
  const build = ['build', '--no-cache', context]
  const gitlab = longshore(me, build, { env: { GITLAB_CI: 'true' } })
  expect(gitlab.stderr).toMatch(
    /\x1b\[0Ksection_start:\d{10}:longshore_\d+_1_step-0\[collapsed=true\]\r\x1b\[0K\[2\/3\] RUN/,
  )
  expect(gitlab.stderr).toMatch(/section_end:\d{10}:longshore_\d+_1_step-0\r/)
  const none = longshore(me, [...build, '--ci', 'none'], { env: { GITLAB_CI: 'true' } })
  expect(none.stderr).not.toContain('section_')
  expect(longshore(me, [...build, '--ci', 'gitlab']).stderr).toContain('section_start')
})

test('digests that nobody makes are refused before anything runs', () => {
  const result = longshore(me, ['build', '--digest-file', 'x', context])
  expect(result.status).toBe(125)
  expect(result.stderr).toContain('--digest-file is to hold the digest of a manifest, but none is made')
})
