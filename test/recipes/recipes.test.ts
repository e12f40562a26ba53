import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Actor,
  checkout,
  contextFor,
  type Ended,
  giveTo,
  makeActor,
  runAsAsync,
  unavailable,
} from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { account, missingRegistryParts, startRegistry, type TestRegistry } from '../support/registry.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'
import { blocksOf, githubSteps, readRecipe, textList, yamlValue } from './recipe-blocks.ts'

/*
 * The commands of docs/recipes, taken out of the pages and executed by an ordinary user, with a registry on loopback in the place
 * of the one that is named there. What is not done: installing the package, and fetching a repository for Kubernetes.
 */

const name = unavailable('user') === undefined ? 'user' : 'root'
const obstacle = missingRegistryParts() ?? unavailable(name)
const directory = makeTemporaryDirectory()
let me: Actor
let registry: TestRegistry
let project: string

beforeAll(async () => {
  if (obstacle !== undefined) return
  registry = await startRegistry({ basic: true })
  me = makeActor(name, directory)
  buildBase(me)
  project = contextFor(me, 'project', {
    Dockerfile: 'FROM longshore-base\nCOPY file /file\nRUN cat /file > /copy\n',
    file: 'x\n',
  })
}, 60_000)
afterAll(async () => {
  await registry?.stop()
  removeDirectory(directory)
})

/** Runs a script of a recipe in the project. */
function script(text: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  const words = ['sh', '-ec', `PATH=${checkout}/bin:$PATH\n${text}`]
  return runAsAsync(me, words, { cwd: project, env })
}

async function done(text: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  const ended = await script(text, env)
  expect(ended.status, `${text}\n${ended.stdout}${ended.stderr}`).toBe(0)
  return ended
}

/** An empty file that the user may write to. */
function ownFile(path: string): string {
  writeFileSync(join(me.home, path), '')
  giveTo(me, join(me.home, path))
  return join(me.home, path)
}

test.skipIf(obstacle !== undefined)(
  'GitHub Actions',
  async () => {
    const [workflow = ''] = blocksOf(readRecipe('github'), 'yaml')
    const [output, summary] = [ownFile('output'), ownFile('summary')]
    const env = { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary }
    const outputs = new Map<string, string>()
    const values: Readonly<Record<string, string>> = {
      'github.repository': 'acme/app',
      'github.sha': '0123abc',
      'github.actor': account.username,
      'secrets.GITHUB_TOKEN': account.password,
    }
    const filled = (text: string): string =>
      text
        .replaceAll('ghcr.io', registry.host)
        .replaceAll(
          /\$\{\{ ([\w.]+) \}\}/g,
          (_, expression: string) => values[expression] ?? outputs.get(expression) ?? '',
        )
    const image = filled(String(yamlValue(workflow, 'jobs', 'image', 'env', 'IMAGE')))
    const run: string[] = []
    for (const step of githubSteps(workflow, 'image')) {
      if (step.run.startsWith('npm install')) continue
      const { stdout } = await done(filled(step.run), { ...env, IMAGE: image })
      run.push(stdout)
      for (const [, key = '', value = ''] of readFileSync(output, 'utf8').matchAll(/^(\w+)=(.*)$/gm))
        outputs.set(`steps.${step.id}.outputs.${key}`, value)
    }
    expect(run.at(-1)).toMatch(/^pushed sha256:[0-9a-f]{64}\n$/)
    expect(readFileSync(summary, 'utf8')).toContain(`### Built: \`${image}:0123abc\``)
  },
  60_000,
)

test.skipIf(obstacle !== undefined)(
  'GitLab',
  async () => {
    const [pipeline = ''] = blocksOf(readRecipe('gitlab'), 'yaml')
    const image = `${registry.host}/acme/lab`
    const env = {
      GITLAB_CI: 'true',
      CI_REGISTRY: registry.host,
      CI_REGISTRY_USER: account.username,
      CI_REGISTRY_PASSWORD: account.password,
      CI_REGISTRY_IMAGE: image,
      CI_COMMIT_SHORT_SHA: '0123abc',
      CACHE: String(yamlValue(pipeline, 'image', 'variables', 'CACHE')).replace('$CI_REGISTRY_IMAGE', image),
    }
    const { stdout, stderr } = await done(textList(yamlValue(pipeline, 'image', 'script')).join('\n'), env)
    expect(stdout).toMatch(/^pushed sha256:[0-9a-f]{64}$/m)
    expect(stderr).toContain('[push] layer')
    expect(textList(yamlValue(pipeline, 'image', 'artifacts', 'paths'))).toEqual(['digest'])
  },
  60_000,
)

test.skipIf(obstacle !== undefined)(
  'Kubernetes',
  async () => {
    const [job = ''] = blocksOf(readRecipe('kubernetes'), 'yaml')
    const container = ['spec', 'template', 'spec', 'containers', 0] as const
    const variables = yamlValue(job, ...container, 'env')
    expect(Array.isArray(variables) ? variables.length : 0).toBe(3)
    const value = (index: number): string =>
      String(yamlValue(job, ...container, 'env', index, 'value')).replace('registry.example.com', registry.host)
    await done(
      `echo ${account.password} | longshore login --username ${account.username} --password-stdin ${registry.host}`,
      {},
    )
    const [text = ''] = textList(yamlValue(job, ...container, 'args'))
    const local = text.replace('/tmp/digest', join(me.home, 'digest')).replace('/tmp/digest', join(me.home, 'digest'))
    const { stdout } = await done(local, { IMAGE: value(0), CACHE: value(1), CONTEXT: project })
    expect(stdout).toMatch(/sha256:[0-9a-f]{64}$/)
    expect(yamlValue(job, 'spec', 'template', 'spec', 'securityContext', 'runAsNonRoot')).toBe(true)
  },
  60_000,
)
