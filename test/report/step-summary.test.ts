import { expect, it } from 'vitest'
import { renderStepSummary, type SummarizedBuild } from '../../src/report/index.ts'

const build: SummarizedBuild = {
  title: 'app:1, app:2',
  images: [{ name: '', id: 'sha256:aa' }],
  digest: 'sha256:bb',
  steps: [
    { label: '[2/4] COPY . /app', status: 'cached', durationMs: 0, sizeBytes: 2048 },
    { label: '[3/4] RUN a | b `c`\n#x', status: 'done', durationMs: 61_250, sizeBytes: 1_984_000 },
  ],
  diagnostics: [{ code: 'from-as-casing', severity: 'warning', message: 'a*b*', place: 'Dockerfile:3' }],
  durationMs: 61_300,
}

it('shows what was made, each step with hit, time and size, and warnings', () => {
  expect(renderStepSummary(build)).toBe(`### Built: \`app:1, app:2\`

| | |
| --- | --- |
| image ID | \`sha256:aa\` |
| digest | \`sha256:bb\` |
| steps | 2, of them 1 cached |
| time | 61.3s |

| step | cache | time | layer |
| --- | --- | ---: | ---: |
| \`[2/4] COPY . /app\` | hit |  | 2.05kB |
| \`\` [3/4] RUN a \\| b \`c\` #x \`\` | ran | 61.3s | 1.98MB |

**Warnings**

- \`Dockerfile:3\`: \`a*b*\` (from-as-casing)

`)
})

it('says that a build failed, and why', () => {
  const text = renderStepSummary({
    title: '.',
    images: [],
    steps: [{ label: '[2/2] RUN false', status: 'failed', durationMs: 10 }],
    diagnostics: [{ code: 'step-failed', severity: 'error', message: 'exit code: 1', place: 'Dockerfile:2' }],
    durationMs: 20,
  })
  expect(text).toContain('### Failed: `.`')
  expect(text).toContain('**Errors**\n\n- `Dockerfile:2`: `exit code: 1` (step-failed)')
  expect(text).toContain('| `[2/2] RUN false` | failed | 0.0s |  |')
})

it('shows no credentials of addresses and nothing that steers a terminal', () => {
  const label = '[2/2] RUN git clone https://user:hunter2@example.com/x \x1b[31m'
  const text = renderStepSummary({ ...build, steps: [{ label, status: 'done', durationMs: 1 }] })
  expect(text).not.toContain('hunter2')
  expect(text).not.toContain('\x1b')
})

it('stays within what GitHub takes', () => {
  const step = { label: 'x'.repeat(1000), status: 'done', durationMs: 1 } as const
  const text = renderStepSummary({ ...build, steps: Array.from({ length: 2000 }, () => step) })
  expect(text.length).toBeLessThan(1 << 20)
  expect(text).toContain('1500 more steps')
})
