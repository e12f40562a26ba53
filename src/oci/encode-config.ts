import {
  type JsonText,
  jsonBytes,
  listJson,
  objectJson,
  optionalFlag,
  optionalList,
  optionalMap,
  optionalNumber,
  optionalSet,
  optionalText,
  textJson,
} from './encode-json.ts'
import type { ContainerConfig, Healthcheck, HistoryEntry, ImageConfig } from './types.ts'

/**
 * The stored bytes of an image config, whose sha256 is the image ID: the same bytes for the same config, in the key
 * order BuildKit writes (sorted at the top, as declared inside `config`).
 */
export function encodeConfig(image: ImageConfig): Uint8Array {
  const { platform } = image
  return jsonBytes(
    objectJson([
      ['architecture', textJson(platform.architecture)],
      ['author', optionalText(image.author)],
      ['config', containerJson(image.config)],
      ['created', optionalText(image.created)],
      ['history', image.history.length === 0 ? undefined : listJson(image.history.map(historyJson))],
      ['os', textJson(platform.os)],
      ['os.version', optionalText(platform.osVersion)],
      ['rootfs', rootfsJson(image)],
      ['variant', optionalText(platform.variant)],
    ]),
  )
}

function rootfsJson(image: ImageConfig): JsonText {
  return objectJson([
    ['type', textJson('layers')],
    ['diff_ids', listJson(image.diffIds.map(textJson))],
  ])
}

function historyJson(entry: HistoryEntry): JsonText {
  return objectJson([
    ['created', optionalText(entry.created)],
    ['created_by', optionalText(entry.createdBy)],
    ['author', optionalText(entry.author)],
    ['comment', optionalText(entry.comment)],
    ['empty_layer', optionalFlag(entry.emptyLayer)],
  ])
}

function containerJson(config: ContainerConfig): JsonText {
  return objectJson([
    ['User', optionalText(config.user)],
    ['ExposedPorts', optionalSet(config.exposedPorts)],
    ['Env', optionalList(config.env)],
    ['Entrypoint', optionalList(config.entrypoint)],
    ['Cmd', optionalList(config.cmd)],
    ['Volumes', optionalSet(config.volumes)],
    ['WorkingDir', optionalText(config.workingDir)],
    ['Labels', optionalMap(config.labels)],
    ['StopSignal', optionalText(config.stopSignal)],
    ['Healthcheck', config.healthcheck === undefined ? undefined : healthcheckJson(config.healthcheck)],
    ['ArgsEscaped', optionalFlag(config.argsEscaped)],
    ['OnBuild', optionalList(config.onBuild)],
    ['Shell', optionalList(config.shell)],
  ])
}

function healthcheckJson(check: Healthcheck): JsonText {
  return objectJson([
    ['Test', optionalList(check.test)],
    ['Interval', optionalNumber(check.interval)],
    ['Timeout', optionalNumber(check.timeout)],
    ['StartPeriod', optionalNumber(check.startPeriod)],
    ['StartInterval', optionalNumber(check.startInterval)],
    ['Retries', optionalNumber(check.retries)],
  ])
}
