import { type Command, InvalidArgumentError } from 'commander'

/** Description and reader of `--tls-verify`. */
export const booleanOption = ['false accepts any certificate of the registry, and plain http', booleanValue] as const

/** Adds the flags of commands that talk to a registry. */
export function addRegistryFlags(command: Command): Command {
  return command
    .option('--tls-verify [boolean]', ...booleanOption)
    .option('--creds <user:password>', 'account at the registry, instead of the one that is logged in')
    .option('--authfile <path>', 'file with credentials to look into first')
    .option('--cert-dir <path>', 'directory with *.crt, *.cert and *.key for the registry (default: certs.d)')
    .option('--retry <n>', 'how often a failed request is sent again (default: 3)', countValue)
}

/** Adds the flags that say how layers are compressed. */
export function addCompressionFlags(command: Command): Command {
  return command
    .option('--compression <method>', 'of layers that have no blob yet: gzip (default), zstd or uncompressed')
    .option('--compression-level <n>', '0 to 9 for gzip (default: 6), 1 to 22 for zstd (default: 3)')
    .option('--force-compression', 'compress layers anew that were pulled in another way')
}

function booleanValue(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  throw new InvalidArgumentError('Write true or false.')
}

function countValue(text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Write a number from 0 to 999.')
}
