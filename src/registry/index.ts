/**
 * The distribution client (OCI distribution-spec): references come in, verified documents and blobs go out.
 * The only room that speaks to registries. Nothing leaves it that was not checked against a digest or a
 * decoder, credentials go to the registry and its token server alone; environment and home come in as options.
 */
export type { BlobOptions } from './blob.ts'
export { certificatesFor } from './certificates.ts'
export { type CredentialFileOptions, credentialsFromFiles, loginPath } from './credential-files.ts'
export { type Account, removeAccounts, storeAccount } from './credential-store.ts'
export type { CredentialLookup, Credentials } from './credentials.ts'
export { openRegistry, type RegistryClient, type RegistryOptions } from './open-registry.ts'
export type { LayerSink, PullOptions } from './pull-layers.ts'
export type { PushedDocument } from './push-manifest.ts'
export { type Route, type Routes, routesFromFiles } from './registries-conf.ts'
export type { FetchedManifest, ResolvedImage } from './resolve-image.ts'
export type { UploadOptions, UploadOutcome } from './upload.ts'
export type { UploadSource } from './upload-session.ts'
export type { GrowingBlob } from './upload-stream.ts'
