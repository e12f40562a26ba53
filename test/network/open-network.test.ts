import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createNetwork, openNetworkStore, probeNetwork } from '../../src/network/index.ts'
import { bridgeDevice } from '../../src/network/network-record.ts'
import { type Actor, checkout, environment, makeActor, unavailable, userNamespace } from '../support/actor.ts'
import { findTool, type HolderSettings } from '../support/network-holder.ts'
import { temporaryDirectory } from '../support/temporary.ts'

/** Answers each HTTP request with the address it came from; UDP datagrams likewise. */
const server = `exec python3 -u -c '
import http.server, socket, threading
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(("from " + self.client_address[0]).encode())
    def log_message(self, *args): pass
def datagrams():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); sock.bind(("0.0.0.0", 81))
    while True:
        data, address = sock.recvfrom(2000); sock.sendto(b"udp " + data, address)
threading.Thread(target=datagrams, daemon=True).start()
http.server.ThreadingHTTPServer(("0.0.0.0", 80), Answer).serve_forever()
'`

interface HolderEvent {
  readonly kind: string
  readonly code?: string
  readonly message?: string
  readonly reason?: string
  readonly hostsFile?: string
  readonly resolvFile?: string
  readonly child?: number
  readonly ports?: readonly { readonly hostPort: number; readonly containerPort: number }[]
  readonly endpoints?: readonly { readonly address: string; readonly gateway: string }[]
}

interface Holder {
  readonly child: ChildProcess
  next(): Promise<HolderEvent>
  close(): Promise<void>
}

const publish = (containerPort: number, protocol: 'tcp' | 'udp' = 'tcp') => ({
  ...{ hostIp: '', hostPort: 0, containerPort, protocol },
})

function requestOf(id: string, change: Partial<HolderSettings['request']>): HolderSettings['request'] {
  const empty = { ports: [], aliases: [], addHosts: [], dns: [], dnsSearch: [], dnsOptions: [] }
  return { id, name: id, hostname: id, domainname: '', mode: 'bridge', ...empty, ...change }
}

/** Starts the holder of a network as root or as a user, in a mount namespace of its own. */
function hold(
  actor: Actor,
  prefix: readonly string[],
  settings: Partial<HolderSettings> & Pick<HolderSettings, 'request'>,
): Holder {
  const isUser = actor.name === 'user'
  const whole: HolderSettings = {
    ...{
      root: join(actor.home, 'store'),
      directory: join(actor.home, settings.request.id),
      script: 'exec sleep infinity',
    },
    ...{ uid: isUser ? 23456 : 0, inUserNamespace: isUser },
    ...settings,
  }
  const node = join(checkout, 'node_modules/node/bin/node')
  const program = [node, join(checkout, 'test/support/network-holder.ts'), JSON.stringify(whole)]
  const env = environment(actor, {})
  const [file = '', ...args] = actor.wrap([...prefix, ...program], actor.home, env)
  const child = spawn(file, args, { cwd: '/', env, stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<HolderEvent> => {
    const { value } = await lines.next()
    return value === undefined ? { kind: 'end' } : JSON.parse(value)
  }
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const close = async (): Promise<void> => {
    child.stdin.end()
    await ended
  }
  onTestFinished(close)
  return { child, next, close }
}

async function fetchText(url: string): Promise<string> {
  // The server inside needs a moment until it listens.
  for (const deadline = performance.now() + 20_000; ; ) {
    const { stdout, stderr } = spawnSync('curl', ['-sS', '-m', '5', url], { encoding: 'utf8' })
    if (stdout !== '' || performance.now() > deadline) return stdout || stderr
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function askByUdp(address: string, port: number): string {
  const script = `import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5)
s.sendto(b"hi", ("${address}", ${port})); print(s.recvfrom(100)[0].decode())`
  return spawnSync('python3', ['-c', script], { encoding: 'utf8' }).stdout
}

/** The machine's address towards the world. */
function otherAddress(): string {
  const { stdout } = spawnSync('ip', ['-4', '-o', 'addr', 'show', 'scope', 'global'], { encoding: 'utf8' })
  return /inet ([\d.]+)\//.exec(stdout)?.[1] ?? ''
}

const rulesOf = (root: string): string =>
  [
    spawnSync('nft', ['list', 'tables'], { encoding: 'utf8' }).stdout,
    spawnSync('iptables-save', { encoding: 'utf8' }).stdout,
  ]
    .join('')
    .split('\n')
    .filter((line) => /longshore_|LS-/.test(line) && root !== '')
    .join('\n')

function missing(rung: 'bridge' | 'pasta' | 'slirp4netns', name: Actor['name']): string | undefined {
  const reason = unavailable(name)
  if (reason !== undefined) return reason
  if (findTool('python3') === undefined || findTool('curl') === undefined) return 'needs python3 and curl'
  const facts = probeNetwork({ find: findTool, uid: name === 'root' ? 0 : 23456, inUserNamespace: name === 'user' })
  return facts.rungs.find((report) => report.rung === rung)?.reason
}

describe.skipIf(missing('bridge', 'root'))('a bridge, as root', () => {
  test.each(['nft', 'iptables'] as const)(
    'is reached by published ports, with rules of %s, and leaves nothing',
    async (firewall) => {
      const root = makeActor('root', temporaryDirectory())
      const request = requestOf('one', { ports: [publish(80), publish(81, 'udp')] })
      const holder = hold(root, ['unshare', '--mount'], { request, firewall, script: server })
      const open = await holder.next()
      expect(open).toMatchObject({ kind: 'open' })
      const [tcp = 0, udp = 0] = open.ports?.map(({ hostPort }) => hostPort) ?? []
      expect(await fetchText(`http://127.0.0.1:${tcp}/`)).toMatch(/^from 10\.210\./)
      expect(await fetchText(`http://[::1]:${tcp}/`)).toMatch(/^from 10\.210\./)
      expect(await fetchText(`http://${otherAddress()}:${tcp}/`)).toBe(`from ${otherAddress()}`)
      expect(askByUdp('127.0.0.1', udp)).toBe('udp hi\n')
      expect(askByUdp(otherAddress(), udp)).toBe('udp hi\n')
      expect(rulesOf(root.home)).toContain(firewall === 'nft' ? 'longshore_' : 'LS-')
      const device = bridgeDevice(join(root.home, 'store'), openNetworkStore(join(root.home, 'store')).find('bridge'))
      expect(existsSync(`/sys/class/net/${device}`)).toBe(true)
      await holder.close()
      expect(existsSync(`/sys/class/net/${device}`)).toBe(false)
    },
  )

  test('names resolve between containers of one network, and go with them', async () => {
    const root = makeActor('root', temporaryDirectory())
    const store = openNetworkStore(join(root.home, 'store'))
    await createNetwork(store, { name: 'web', internal: false, labels: {} }, '2026-01-01T00:00:00Z')
    const first = hold(root, ['unshare', '--mount'], {
      request: requestOf('front', { mode: 'web', aliases: ['www'] }),
      script: server,
    })
    const { hostsFile = '' } = await first.next()
    const second = hold(root, ['unshare', '--mount'], {
      request: requestOf('back', { mode: 'web' }),
      script:
        'mount --bind "$1" /etc/hosts; for name in front www; do curl -sS --retry 20 --retry-connrefused --retry-delay 1 "http://$name/" >&2; done; echo "{\\"kind\\":\\"asked\\"}"; exec sleep infinity',
    })
    expect((await second.next()).endpoints?.[0]?.address).toMatch(/^10\.210\.\d+\.3$/)
    expect(await second.next()).toEqual({ kind: 'asked' })
    expect(readFileSync(hostsFile, 'utf8')).toContain('\tback\n')
    await second.close()
    expect(readFileSync(hostsFile, 'utf8')).not.toContain('\tback\n')
  })

  test('what a killed owner leaves is swept by the next', async () => {
    const root = makeActor('root', temporaryDirectory())
    const killed = hold(root, ['unshare', '--mount'], { request: requestOf('one', { ports: [publish(80)] }) })
    const open = await killed.next()
    killed.child.kill('SIGKILL')
    if (open.child !== undefined) process.kill(open.child, 'SIGKILL')
    const next = hold(root, ['unshare', '--mount'], { request: requestOf('two', {}) })
    expect((await next.next()).endpoints?.[0]?.address).toBe(open.endpoints?.[0]?.address)
    await next.close()
    const leases = openNetworkStore(join(root.home, 'store')).leases('bridge')
    expect(leases).toEqual([])
  })

  test('a taken port says who has it', async () => {
    const root = makeActor('root', temporaryDirectory())
    const other = createServer().listen(0, '0.0.0.0')
    onTestFinished(() => void other.close())
    await new Promise((resolve) => other.once('listening', resolve))
    const address = other.address()
    const hostPort = typeof address === 'object' && address !== null ? address.port : 0
    const holder = hold(root, ['unshare', '--mount'], {
      request: requestOf('one', { ports: [{ ...publish(80), hostPort }] }),
    })
    const event = await holder.next()
    expect(event).toMatchObject({ kind: 'failed', code: 'port-in-use' })
    expect(event.message).toMatch(
      new RegExp(`^port ${hostPort} \\(tcp\\) of this machine is taken by \\S.* \\(process ${process.pid}\\)$`),
    )
  })
})

describe.each(['pasta', 'slirp4netns'] as const)('%s, as an ordinary user', (rung) => {
  const skip = missing(rung, 'user')

  test.skipIf(skip)('publishes ports; its end is noticed', async () => {
    const user = makeActor('user', temporaryDirectory())
    const request = requestOf('one', { ports: [publish(80)] })
    const holder = hold(user, userNamespace, { request, rung, script: server })
    const open = await holder.next()
    expect(open).toMatchObject({ kind: 'open' })
    const [port = 0] = open.ports?.map(({ hostPort }) => hostPort) ?? []
    expect(await fetchText(`http://127.0.0.1:${port}/`)).toMatch(/^from /)
    expect(await fetchText(`http://${otherAddress()}:${port}/`)).toMatch(/^from /)
    const resolver = readFileSync(open.resolvFile ?? '', 'utf8')
    expect(resolver).toMatch(/^nameserver (169\.254\.1\.1|10\.0\.2\.3)\n/)
    killHelper(rung, open.child ?? 0)
    expect(await holder.next()).toMatchObject({ kind: 'lost', reason: expect.stringContaining(rung) })
  })
})

/** The helper is the other child of the process that has the container's first as child. pasta calls itself passt.avx2. */
function killHelper(name: string, sibling: number): void {
  const parent = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${sibling}/status`, 'latin1'))?.[1] ?? ''
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'latin1').trim().split(' ')
  const pattern = name === 'pasta' ? /^pas(ta|st)/ : /^slirp4netns/
  const helper = children.find((pid) => pattern.test(readFileSync(`/proc/${pid}/comm`, 'latin1')))
  process.kill(Number(helper), 'SIGKILL')
}

test.skipIf(unavailable('user'))('a tunnel device that may not be opened is noticed before a helper is started', () => {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, 'empty'))
  const find = (name: string): string => `/usr/bin/${name}`
  const facts = probeNetwork({ find, uid: 1000, inUserNamespace: true, tunnelDevice: join(directory, 'tun') })
  expect(facts.rungs.slice(1).map(({ reason }) => reason)).toEqual([
    expect.stringContaining('is not there'),
    expect.stringContaining('is not there'),
  ])
  expect(facts.rungs[1]?.mend).toContain('mknod -m 0666 /dev/net/tun c 10 200')
})
