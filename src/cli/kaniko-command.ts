import type { Command } from 'commander'
import type { CommandRoom } from './command-room.ts'

/** Adds `longshore kaniko`, which reads its words itself: kaniko's flags are no flags of ours. */
export function addKanikoCommand(program: Command, { setExitCode, root }: CommandRoom): void {
  program
    .command('kaniko')
    .summary("build and push an image with kaniko's flags")
    .description(
      "Builds and pushes an image with the flags of kaniko's executor, for CI files that have them: docs/migrate-from-kaniko.md says what becomes of each.",
    )
    .usage('--context dir://PATH --destination REGISTRY/NAME:TAG [flags of kaniko]')
    .argument('[flags...]', "flags of kaniko's executor")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (words: readonly string[]) => {
      const { runKaniko } = await import('./run-kaniko.ts')
      setExitCode(await runKaniko(words, root()))
    })
}
