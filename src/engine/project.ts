import { canonicalHash } from '../base/index.ts'

/** Names a project among build traces: its Dockerfile and its context, absolute paths or URLs. 24 hex digits. */
export function projectOf(dockerfile: string, context: string): string {
  return canonicalHash('longshore.project/1', { dockerfile, context }).slice(0, 24)
}
