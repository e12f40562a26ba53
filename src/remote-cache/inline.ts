import { parseStepKey } from '../base/index.ts'
import {
  count,
  type Decoder,
  decodeJson,
  digest,
  fieldsOf,
  type ImageManifest,
  layerCompression,
  listOf,
  mediaTypes,
} from '../oci/index.ts'
import { duration, layerRecord, type StepResult, time } from './entry.ts'

/** The annotation of an image's manifest that holds the results of the steps whose layers it has. */
export const inlineAnnotation = 'io.longshore.cache.v1'

/** A result as the annotation has it: where its blob is in the manifest's layers, in place of the blob itself. */
export interface InlineResult extends Omit<StepResult, 'layer'> {
  readonly layer: Omit<StepResult['layer'], 'blob'>
  readonly position: number
}

const ociTypes = {
  none: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
} as const

/** The text of the annotation. */
export function encodeInline(results: readonly InlineResult[]): string {
  return JSON.stringify(results)
}

/** The results that an image carries; none when it carries none. Throws `ToolError` `invalid-document` for an annotation that is not ours. */
export function decodeInline({ annotations, layers }: ImageManifest): readonly StepResult[] {
  const text = annotations?.[inlineAnnotation]
  if (text === undefined) return []
  const results = decodeJson(Buffer.from(text), 'cache of an image', listOf(inlineResult))
  return results.flatMap(({ position, layer, ...rest }) => {
    const blob = layers[position]
    const compression = blob && layerCompression(blob.mediaType)
    if (blob === undefined || compression === undefined) return []
    const { digest: blobDigest, size } = blob
    return [{ ...rest, layer: { ...layer, blob: { mediaType: ociTypes[compression], digest: blobDigest, size } } }]
  })
}

const inlineResult: Decoder<InlineResult> = (value, place) => {
  const fields = fieldsOf(value, place)
  return {
    key: parseStepKey(fields.required('key', digest)),
    durationMs: fields.required('durationMs', duration),
    created: fields.required('created', time),
    layer: fields.required('layer', layerRecord),
    position: fields.required('position', count),
  }
}
