import type { ContainerSpec } from '../container/index.ts'
import { containerEvent, openJournal } from '../journal/index.ts'
import type { ContainerRoom } from './container-room.ts'

/** Writes down that a command did something to a container; what its supervisor does, that one writes down. */
export function recordContainerEvent(
  { containers, store, host }: ContainerRoom,
  spec: Pick<ContainerSpec, 'id' | 'image' | 'labels'>,
  action: string,
  more: Readonly<Record<string, string>> = {},
  name = containers.names.all().get(spec.id) ?? spec.id.slice(0, 12),
): void {
  openJournal(store.root, host.nowMs).write(containerEvent(spec, name, action, more))
}
