/**
 * What ADD and contexts name by an address: sources come in, trees of files on this machine go out, kept and asked about
 * again. The only room that fetches files and repositories. What is kept never changes; nothing of the user's
 * configuration but credentials, proxies and certificates has a say, and no server leads credentials elsewhere.
 */
export type { FetchedFile, FetchOptions } from './fetch-file.ts'
export type { FetchedRepository } from './fetch-repository.ts'
export { openRemote, type RemoteClient } from './open-remote.ts'
export type { RemoteOptions } from './remote-settings.ts'
export type { KeptTree, TreeCache } from './tree-cache.ts'
