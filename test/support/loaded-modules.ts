import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type Actor, checkout, contextFor } from './actor.ts'

/** Runs `longshore` in the current user's own process and lists the modules that Node had loaded at its end. */
export function loadedModules(
  actor: Actor,
  args: readonly string[],
): { readonly stderr: string; readonly loaded: string } {
  const hook = contextFor(actor, 'hook', {
    'hook.cjs': `process.on('exit', () => process.stderr.write('LOADED ' + Object.keys(require.cache).join(' ') + '\\n'))`,
  })
  const node = join(checkout, 'node_modules/node/bin/node')
  const command = ['--require', join(hook, 'hook.cjs'), join(checkout, 'dist/longshore.cjs'), ...args]
  const env = { ...process.env, LONGSHORE_ROOT: join(actor.home, 'store') }
  const { stderr } = spawnSync(node, command, { env, cwd: actor.home, encoding: 'utf8' })
  return { stderr, loaded: /LOADED (.*)/.exec(stderr)?.[1] ?? '' }
}
