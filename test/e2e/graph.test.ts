import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { layoutGraph } from '../../src/report/graph-layout.ts'
import type { GraphModel } from '../../src/report/graph-model.ts'
import { renderDot, renderHtml } from '../../src/report/graph-text.ts'
import { checkout, contextFor, giveTo, longshoreAsync, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const program = '/usr/bin/chromium'
const missing = existsSync(program) ? undefined : 'chromium is not installed (apt-get install chromium)'
const update = process.env['UPDATE_GOLDEN'] === '1'
const directory = makeTemporaryDirectory()
const me = makeActor(unavailable('root') === undefined ? 'root' : 'user', directory)
let browser: Browser | undefined

beforeAll(async () => {
  if (missing !== undefined) return
  buildBase(me)
  browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'] })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  removeDirectory(directory)
})

/** Opens a file and gives the page, and all that it asked for. */
async function open(file: string, colorScheme: 'light' | 'dark'): Promise<{ page: Page; requests: readonly string[] }> {
  const page = await browser?.newPage({ colorScheme, viewport: { width: 1100, height: 900 } })
  if (page === undefined) throw new Error('no browser')
  const requests: string[] = []
  page.on('request', (request) => void requests.push(request.url()))
  page.on('dialog', (dialog) => void requests.push(`dialog: ${dialog.message()}`))
  await page.goto(pathToFileURL(file).href)
  return { page, requests }
}

/** Texts that leave their box, boxes that touch another, and ways behind a box; and how many there are of each. */
function faults(page: Page): Promise<{ texts: number; boxes: number; faults: readonly string[] }> {
  return page.evaluate(`(() => {
    const groups = [...document.querySelectorAll('svg g')]
    const boxes = groups.map((group) => group.querySelector('rect').getBoundingClientRect())
    const faults = []
    let texts = 0
    for (const [at, group] of groups.entries()) for (const text of group.querySelectorAll('text')) {
      texts++
      const inner = text.getBoundingClientRect()
      const box = boxes[at]
      if (inner.left < box.left || inner.right > box.right || inner.top < box.top || inner.bottom > box.bottom) faults.push('outside: ' + text.textContent)
    }
    for (const [a, one] of boxes.entries()) for (const [b, other] of boxes.entries())
      if (a < b && one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom) faults.push('overlap: ' + a + ' ' + b)
    const svg = document.querySelector('svg').getBoundingClientRect()
    for (const path of document.querySelectorAll('path.edge')) for (let at = 0; at < path.getTotalLength(); at += 3) {
      const point = path.getPointAtLength(at)
      const [x, y] = [svg.left + point.x, svg.top + point.y]
      if (boxes.some((box) => x > box.left + 1 && x < box.right - 1 && y > box.top + 1 && y < box.bottom - 1)) faults.push('behind a box: ' + x + ' ' + y)
    }
    return { texts, boxes: boxes.length, faults }
  })()`)
}

const colours = (page: Page): Promise<readonly string[]> =>
  page.evaluate(
    `['.paper', 'svg text.text', '.box'].map((name) => getComputedStyle(document.querySelector(name)).fill)`,
  )

const bakeFile = `
group "default" { targets = ["web", "worker", "docs"] }
target "toolchain" { context = "toolchain" }
target "_app" { contexts = { toolchain = "target:toolchain" } }
target "web" {
  inherits = ["_app"]
  context  = "web"
}
target "worker" {
  inherits = ["_app"]
  context  = "worker"
}
target "docs" { dockerfile-inline = "FROM longshore-base\\nCOPY docs /docs\\n" }
`
const files = {
  'docker-bake.hcl': bakeFile,
  'toolchain/Dockerfile': 'FROM longshore-base\\nRUN echo compiler > /cc\\nRUN echo linker > /ld\\n'.replaceAll(
    '\\n',
    '\n',
  ),
  'web/Dockerfile':
    'FROM toolchain AS build\nCOPY src /src\nRUN --mount=type=bind,from=toolchain,target=/tools cat /tools/cc /src/a > /out\nFROM longshore-base\nCOPY --from=build /out /app/out\nRUN echo "<script>alert(1)</script>" & echo a rather long command that does not fit into a box of the drawing\nCMD ["cat", "/app/out"]\n',
  'web/src/a': 'a\n',
  'worker/Dockerfile': 'FROM toolchain\nCOPY . /worker\nRUN cat /cc\n',
  'worker/job': 'job\n',
  'docs/page': 'page\n',
}

describe.skipIf(missing !== undefined)('longshore graph', () => {
  test('draws a page that fetches nothing, is readable by day and night, and covers nothing', {
    timeout: 120_000,
  }, async () => {
    const folder = contextFor(me, 'graph', files)
    giveTo(me, folder)
    const run = (...args: string[]): ReturnType<typeof longshoreAsync> => longshoreAsync(me, args, { cwd: folder })
    expect((await run('bake', 'worker')).status).toBe(0)
    const drawn = await run('graph', '-f', 'docker-bake.hcl', '-o', 'graph.html')
    expect([drawn.status, drawn.stderr]).toEqual([0, ''])
    const seen: (readonly string[])[] = []
    for (const scheme of ['light', 'dark'] as const) {
      const { page, requests } = await open(join(folder, 'graph.html'), scheme)
      const found = await faults(page)
      expect(found).toEqual({ texts: 3 * found.boxes, boxes: found.boxes, faults: [] })
      expect(found.boxes).toBeGreaterThanOrEqual(12)
      expect(requests).toEqual([pathToFileURL(join(folder, 'graph.html')).href])
      expect(await page.locator('svg').textContent()).toContain('<script>alert(1)</script>')
      seen.push(await colours(page))
      const image = await page.screenshot({ fullPage: true })
      if (update) writeFileSync(join(checkout, `docs/graph-${scheme}.png`), image)
      await page.close()
    }
    // Paper, ink and boxes all turn.
    expect(seen[0]?.filter((colour, at) => colour === seen[1]?.[at])).toEqual([])
    const data = await run('graph', '-f', 'docker-bake.hcl', '--format', 'json', 'worker')
    const model: GraphModel = JSON.parse(data.stdout)
    expect(model.boxes.map(({ kind, head, text }) => `${kind} ${head} ${text}`)).toEqual([
      'hit toolchain 2/3 RUN echo compiler > /cc',
      'image image longshore-base',
      'hit toolchain 3/3 RUN echo linker > /ld',
      'hit worker 2/3 COPY . /worker',
      'hit worker 3/3 RUN cat /cc',
      'result result worker',
    ])
    // Of an image, and of a Dockerfile that was never built.
    for (const args of [
      ['longshore-base'],
      ['-C', 'worker', '--build-context', 'toolchain=docker-image://longshore-base'],
    ]) {
      const svg = await run('graph', ...args, '-o', 'graph.svg')
      expect([svg.status, svg.stderr]).toEqual([0, ''])
      const { page, requests } = await open(join(folder, 'graph.svg'), 'light')
      expect((await faults(page)).faults).toEqual([])
      expect(requests).toHaveLength(1)
      await page.close()
    }
  })

  test('shows whatever a step says as text', async () => {
    const hostile = [
      '</text></svg><img src=x onerror="alert(1)">',
      ']]>&lt;b&gt; "quoted" \'single\' &amp;',
      '日本語のテキストがとても長い場合でもはみ出さない'.repeat(3),
      `\u202eright to left\u0000\ud800 ${'W'.repeat(200)}`,
    ]
    const boxes = Array.from({ length: 40 }, (_, index) => {
      const text = hostile[index % hostile.length] ?? ''
      return { id: `step-${index}`, kind: 'miss', head: `stage ${index}`, text, note: 'MISS', place: text } as const
    })
    const edges = boxes.flatMap(({ id }, index) =>
      index === 0 ? [] : [{ from: `step-${Math.floor((index - 1) / 3)}`, to: id, kind: 'files' } as const],
    )
    const model = { title: hostile[0] ?? '', boxes, edges }
    const file = join(directory, 'hostile.html')
    writeFileSync(file, renderHtml(model, layoutGraph(model)))
    const { page, requests } = await open(file, 'light')
    expect((await faults(page)).faults).toEqual([])
    expect(requests).toHaveLength(1)
    expect(await page.title()).toBe(hostile[0])
    expect(await page.locator('img').count()).toBe(0)
    await page.close()
    expect(renderDot(model)).toContain('label="stage 1\\n]]>&lt;b&gt; \\"quoted\\"')
  })
})
