import { Option } from 'commander'

/** `--platform`, which chooses among the images of a name. */
export function platformOption(description: string): Option {
  return new Option('--platform <os/arch[/variant]>', description)
}

/** As `platformOption`, for commands in which docker heeds DOCKER_DEFAULT_PLATFORM. */
export function defaultPlatformOption(description: string): Option {
  return platformOption(description).env('DOCKER_DEFAULT_PLATFORM')
}
