/**
 * Layer directories (overlay upper directories) to tar and back: the tar codec, diffIds and content digests, unpacking
 * of layers and of ADD archives, compression. In: directories, byte streams. Out: digests, byte streams, files below
 * the directory asked for. Never here: which layers exist, where they lie, mounts, networks.
 */
export { type CompareOptions, compareLayers, type PathDifference } from './compare-layers.ts'
export { type ChunkSizes, contentChunks } from './content-chunks.ts'
export { dateTree } from './date-tree.ts'
export { type Compression, compressionOf, type Decompressed, openDecompressed } from './decompress.ts'
export { digestLayer } from './digest-layer.ts'
export { type DigestedTar, digestTar } from './digest-tar.ts'
export { type GzipOptions, gzip } from './gzip.ts'
export { inheritDirectories } from './inherit-directories.ts'
export { type LayerDigester, layerDigester } from './layer-digester.ts'
export { layerTar } from './layer-tar.ts'
export type { LayerWalkOptions } from './layer-walk.ts'
export { type MergeRequest, mergeLayers } from './merge-layers.ts'
export { type ArchiveKind, sniffArchive } from './sniff-archive.ts'
export { type UnpackArchiveOptions, type UnpackedArchive, unpackArchive } from './unpack-archive.ts'
export { type UnpackedLayer, type UnpackLayerOptions, unpackLayer } from './unpack-layer.ts'
export type { UnpackLimits } from './unpack-limits.ts'
export { type ZstdCompressOptions, zstd } from './zstd.ts'
