import { type Digest, isDigest } from '../base/index.ts'
import type { Descriptor, Platform } from '../oci/types.ts'
import type { IndexMember, StoredIndex, StoredReference } from '../ports/index.ts'
import { all, decodeBlob, isFields } from './decode.ts'

/** What the file of a name says: an image, an index, or both. */
export interface NameRecord extends Omit<StoredReference, 'imageId'> {
  readonly imageId?: Digest
}

/** The images of the store that a name stands for. */
export function namedImages({ imageId, index }: Pick<NameRecord, 'imageId' | 'index'>): readonly Digest[] {
  const members = index?.members.flatMap((member) => (member.kind === 'image' ? [member.imageId] : [])) ?? []
  return [...new Set(imageId === undefined ? members : [imageId, ...members])]
}

/** Decodes the file of a name; undefined when it is of another shape. */
export function decodeName(value: unknown): NameRecord | undefined {
  if (!isFields(value) || typeof value['name'] !== 'string') return undefined
  const imageId = digestOrNone(value['imageId'])
  const pulledDigest = digestOrNone(value['pulledDigest'])
  const index = value['index'] === undefined ? undefined : decodeIndex(value['index'])
  if (imageId === undefined && index === undefined) return undefined
  return {
    name: value['name'],
    ...(imageId === undefined ? {} : { imageId }),
    ...(pulledDigest === undefined ? {} : { pulledDigest }),
    ...(index === undefined ? {} : { index }),
  }
}

function digestOrNone(value: unknown): Digest | undefined {
  return typeof value === 'string' && isDigest(value) ? value : undefined
}

function decodeIndex(value: unknown): StoredIndex | undefined {
  if (!isFields(value)) return undefined
  const members = all(value['members'], decodeMember)
  const document = digestOrNone(value['document'])
  if (members === undefined) return undefined
  return { members, ...(document === undefined ? {} : { document }), ...annotationsOf(value['annotations']) }
}

function decodeMember(value: unknown): IndexMember | undefined {
  if (!isFields(value)) return undefined
  const { kind, name } = value
  if (kind === 'remote') {
    const descriptor = decodeDescriptor(value['descriptor'])
    return typeof name === 'string' && descriptor !== undefined ? { kind, name, descriptor } : undefined
  }
  const imageId = digestOrNone(value['imageId'])
  const platform = decodePlatform(value['platform'])
  if (kind !== 'image' || imageId === undefined || platform === undefined) return undefined
  return {
    kind,
    ...(typeof name === 'string' ? { name } : {}),
    imageId,
    platform,
    ...annotationsOf(value['annotations']),
  }
}

function decodeDescriptor(value: unknown): Descriptor | undefined {
  const blob = decodeBlob(value)
  const platform = isFields(value) ? decodePlatform(value['platform']) : undefined
  if (blob === undefined || platform === undefined || !isFields(value)) return undefined
  return { ...blob, platform, ...annotationsOf(value['annotations']) }
}

function decodePlatform(value: unknown): Platform | undefined {
  if (!isFields(value)) return undefined
  const { os, architecture, variant, osVersion } = value
  if (typeof os !== 'string' || typeof architecture !== 'string') return undefined
  const osFeatures = all(value['osFeatures'], (item) => (typeof item === 'string' ? item : undefined))
  return {
    os,
    architecture,
    ...(typeof variant === 'string' ? { variant } : {}),
    ...(typeof osVersion === 'string' ? { osVersion } : {}),
    ...(osFeatures === undefined ? {} : { osFeatures }),
  }
}

function annotationsOf(value: unknown): { readonly annotations?: Readonly<Record<string, string>> } {
  if (!isFields(value)) return {}
  const texts = Object.entries(value).flatMap(([key, one]) => (typeof one === 'string' ? [[key, one] as const] : []))
  return { annotations: Object.fromEntries(texts) }
}
