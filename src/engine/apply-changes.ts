import { invariant, sourceFile, ToolError } from '../base/index.ts'
import { defineProgram } from '../build/index.ts'
import type { ContainerConfig, Platform } from '../oci/index.ts'

const changers = 'CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL ONBUILD STOPSIGNAL USER VOLUME WORKDIR'.split(' ')

/** Applies Dockerfile instructions to a config, by the rules of a build. Throws `ToolError` `usage` for what cannot be. */
export async function applyChanges(
  config: ContainerConfig,
  changes: readonly string[],
  platform: Platform,
): Promise<ContainerConfig> {
  if (changes.length === 0) return config
  for (const change of changes) {
    const word = change.trim().split(/\s/)[0]?.toUpperCase() ?? ''
    if (changers.includes(word)) continue
    throw new ToolError('usage', `--change "${change}" is not possible`, {
      hint: `write one of ${changers.join(', ')}`,
    })
  }
  const { parseDockerfile } = await import('../dockerfile/parse-dockerfile.ts')
  const source = sourceFile('--change', `FROM container\n${changes.join('\n')}\n`)
  const parsed = parseDockerfile(source)
  // Its triggers are not for its own commit.
  const { onBuild, ...base } = config
  const result = await defineProgram(
    source,
    { buildArgs: {}, buildPlatform: platform, targetPlatform: platform },
    {
      parse: () => Promise.resolve(parsed),
      parseTrigger: () => Promise.resolve(parsed),
      imageConfig: () => Promise.resolve({ platform, config: base, diffIds: [], history: [] }),
    },
  )
  const errors = result.kind === 'needs-images' ? [] : result.diagnostics.filter(({ severity }) => severity === 'error')
  if (result.kind !== 'defined' || errors.length > 0) {
    const words = errors.map((one) => one.message).join('; ')
    throw new ToolError('usage', `cannot apply --change: ${words}`, { hint: 'write it as in a Dockerfile' })
  }
  const stage = result.program.stages.at(-1)
  invariant(stage !== undefined, 'a program has a stage')
  return onBuild === undefined
    ? stage.config
    : { ...stage.config, onBuild: [...onBuild, ...(stage.config.onBuild ?? [])] }
}
