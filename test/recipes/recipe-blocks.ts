import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { checkout } from '../support/actor.ts'

/** Text of a page of docs/recipes. */
export function readRecipe(name: string): string {
  return readFileSync(join(checkout, 'docs/recipes', `${name}.md`), 'utf8')
}

/** The code blocks of a page in a language, in order. */
export function blocksOf(page: string, language: string): readonly string[] {
  return [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, is, text = '']) => (is === language ? [text] : []))
}

/** A value inside of YAML, by the way there. */
export function yamlValue(text: string, ...path: readonly (string | number)[]): unknown {
  let value: unknown = load(text)
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !(name in value)) throw new Error(`no ${path.join('.')}`)
    value = Object.entries(value).find(([key]) => key === String(name))?.[1]
  }
  return value
}

/** The texts of a list. */
export function textList(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new Error('no list')
  return value.map((one) => (typeof one === 'string' ? one : ''))
}

/** Steps of a job of GitHub's that run commands: their ids and scripts. */
export function githubSteps(text: string, job: string): readonly { readonly id?: string; readonly run: string }[] {
  const steps = yamlValue(text, 'jobs', job, 'steps')
  if (!Array.isArray(steps)) throw new Error('no steps')
  return steps.flatMap((step: unknown) => {
    if (typeof step !== 'object' || step === null || !('run' in step)) return []
    const id = 'id' in step ? { id: String(step.id) } : {}
    return [{ ...id, run: String(step.run) }]
  })
}
