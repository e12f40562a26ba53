import { spawnSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'

export interface ScreenSize {
  readonly columns: number
  readonly rows: number
}

/** A real terminal (tmux on a socket of its own) in which a command runs. `close` ends it and hangs up. */
export interface Screen {
  type(...keys: readonly string[]): void
  resize(size: ScreenSize): void
  /** Waits until the screen shows `pattern`, doing `again` meanwhile. */
  shows(pattern: RegExp, again?: () => void): Promise<void>
  close(): void
}

/** Opens a terminal of `size`, in which sh(1) runs `command`. The last screen stays for a look when that has ended. */
export function openScreen(
  socket: string,
  command: string,
  size: ScreenSize,
  env: Readonly<Record<string, string>> = {},
): Screen {
  const tmux = (...args: readonly string[]): string => {
    const all = ['-S', socket, '-f', '/dev/null', ...args]
    const { status, stdout, stderr, error } = spawnSync('tmux', all, {
      encoding: 'utf8',
      cwd: '/',
      env: { ...process.env, ...env },
    })
    if (status !== 0) throw error ?? new Error(`tmux ${args.join(' ')}: ${stderr}`)
    return stdout
  }
  const at = (wanted: ScreenSize): readonly string[] => ['-x', String(wanted.columns), '-y', String(wanted.rows)]
  tmux('new-session', '-d', ...at(size), command)
  return {
    type: (...keys) => void tmux('send-keys', ...keys),
    resize: (wanted) => void tmux('resize-window', ...at(wanted)),
    async shows(pattern, again = () => undefined) {
      for (const deadline = performance.now() + 20_000; performance.now() < deadline; await delay(50)) {
        if (pattern.test(tmux('capture-pane', '-p'))) return
        again()
      }
      expect(tmux('capture-pane', '-p')).toMatch(pattern)
    },
    close: () => void tmux('kill-server'),
  }
}
