import { layerTar } from '../layer/index.ts'
import { openContainerFiles } from './container-files.ts'
import type { ContainerRoom } from './container-room.ts'
import { recordContainerEvent } from './record-container-event.ts'
import { writeWhole, writingTo } from './write-file.ts'

/** Writes a container's root filesystem as a tar to a file, or to standard output for `-`. As a user this starts the command anew. */
export async function exportContainer(room: ContainerRoom, id: string, output: string): Promise<void> {
  const files = await openContainerFiles(room, id, 'read')
  try {
    recordContainerEvent(room, room.containers.spec(id), 'export')
    await writingTo(output, () => writeWhole(output, layerTar(files.root, files)))
  } finally {
    files.close()
  }
}
