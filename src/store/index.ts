/**
 * The store: a directory that keeps layers, images, step records, blobs and derived files, safe to share between
 * processes and to lose a process at any moment. In: finished things. Out: the same things, whole or not at all.
 * Nothing here mounts, runs or fetches. The working area (`session.ts`) and the lock of names (`name-lock.ts`) are
 * imported apart, since they load FFI.
 */
export type { Blobs, BlobWriter } from './blobs.ts'
export { namedImages } from './decode-name.ts'
export type { Images } from './images.ts'
export type { Layers, NewLayer } from './layers.ts'
export { openStore, type Store } from './open.ts'
