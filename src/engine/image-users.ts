import { isActive } from '../container/index.ts'
import type { ContainerRoom } from './container-room.ts'
import { allContainers } from './list-containers.ts'

/** A container that was made of an image. */
export interface ImageUser {
  readonly name: string
  readonly isActive: boolean
}

/** Containers by the ID of their image. */
export type ImageUsers = ReadonlyMap<string, readonly ImageUser[]>

export function imageUsers(room: ContainerRoom): ImageUsers {
  const users = new Map<string, ImageUser[]>()
  for (const { name, spec, state } of allContainers(room)) {
    const user = { name, isActive: isActive(state) }
    users.set(spec.image.id, [...(users.get(spec.image.id) ?? []), user])
  }
  return users
}
