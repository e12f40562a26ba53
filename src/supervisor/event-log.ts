import type { ConnectionState } from '../container/container-state.ts'
import type { ContainerSpec, ContainerStore } from '../container/index.ts'
import { containerEvent, type Journal, openJournal } from '../journal/index.ts'
import { openNetworkStore } from '../network/index.ts'

/** Writes down what a supervisor does to its container. */
export class EventLog {
  readonly #root: string
  readonly #store: ContainerStore
  readonly #spec: ContainerSpec
  readonly #journal: Journal
  #name: string

  constructor(root: string, store: ContainerStore, spec: ContainerSpec) {
    this.#root = root
    this.#store = store
    this.#spec = spec
    this.#journal = openJournal(root, Date.now)
    this.#name = spec.id.slice(0, 12)
  }

  container(action: string, more: Readonly<Record<string, string>> = {}): void {
    this.#journal.write(containerEvent(this.#spec, this.#currentName(), action, more))
  }

  networks(connection: ConnectionState, action: 'connect' | 'disconnect'): void {
    const networks = openNetworkStore(this.#root).networks()
    for (const { network } of connection.endpoints) {
      const id = networks.find(({ name }) => name === network)?.id ?? ''
      const attributes = { container: this.#spec.id, name: network, type: 'bridge' }
      this.#journal.write({ type: 'network', action, id, attributes })
    }
  }

  /** It may be renamed while it runs; all names are read only then. */
  #currentName(): string {
    const { names } = this.#store
    if (names.owner(this.#name) !== this.#spec.id) this.#name = names.all().get(this.#spec.id) ?? this.#name
    return this.#name
  }
}
