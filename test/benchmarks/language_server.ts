// Our Dockerfile language server beside dockerfile-language-server-nodejs: the same session, medians and ratios.
//   node test/benchmarks/language_server.ts [ROUNDS]
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Position } from 'vscode-languageserver';
import { fullCapabilities, LanguageClient } from '../language_server/client.ts';
import { record } from './support/record.ts';

const root = join(import.meta.dirname, '../..');
const samples = 30;
const rounds = Number(process.argv[2] ?? 3);
const uri = 'file:///benchmark/Dockerfile';

/** A Dockerfile as people write them, repeated up to a number of lines. */
function dockerfile(lines: number): string {
  const stage = (i: number): string => `FROM debian:12-slim AS stage${i}
ARG VERSION=1.${i}
ENV APP_HOME=/srv/app \\
    APP_VERSION=$VERSION
WORKDIR $APP_HOME
# system packages
RUN apt-get update && \\
    apt-get install -y --no-install-recommends \\
      ca-certificates=20230311 \\
      curl="7.88.*" && \\
    rm -rf /var/lib/apt/lists/*
COPY --chown=1000:1000 package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev
COPY src/ src/
LABEL org.opencontainers.image.version="$VERSION" maintainer="team@example.com"
RUN for file in $(ls src); do echo "$file" >> list.txt; done
EXPOSE 8080
USER 1000
HEALTHCHECK --interval=30s CMD curl -f http://localhost:8080/ || exit 1
CMD ["node", "src/server.js"]

`;
  let text = '';
  for (let i = 0; text.split('\n').length < lines; i += 1) text += stage(i);
  return `${text.split('\n').slice(0, lines).join('\n')}\n`;
}

interface Times {
  readonly [what: string]: number[];
}

function peerCommand(): string[] | undefined {
  try {
    const path = createRequire(import.meta.url).resolve('dockerfile-language-server-nodejs/lib/server.js');
    return [process.execPath, path, '--stdio'];
  } catch {
    return undefined;
  }
}

async function timed(into: number[], run: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await run();
  into.push(performance.now() - start);
}

/** Peak resident memory of a process in MiB. */
function peakMemory(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

/** From spawning the process to its answer to `initialize`. */
async function startTime(command: readonly string[]): Promise<number> {
  const start = performance.now();
  await using _client = await LanguageClient.start(command, { capabilities: fullCapabilities });
  return performance.now() - start;
}

async function session(command: readonly string[], text: string): Promise<Times> {
  const times: Record<string, number[]> = {};
  const list = (what: string): number[] => {
    times[what] ??= [];
    return times[what];
  };
  for (let i = 0; i < 5; i += 1) list('start').push(await startTime(command));
  const client = await LanguageClient.start(command, { capabilities: fullCapabilities });
  await timed(list('open to diagnostics'), async () => {
    const diagnostics = client.diagnostics(uri, 1);
    await client.open(uri, text);
    return diagnostics;
  });
  const lines = text.split('\n');
  const target = lines.findLastIndex((line) => line.includes('curl -f'));
  const variable = lines.findLastIndex((line) => line.includes('APP_VERSION=$VERSION'));
  const at = (line: number, word: string): Position => ({ line, character: (lines[line] ?? '').indexOf(word) + 2 });
  let version = 1;
  for (let i = 0; i < samples; i += 1) {
    await timed(list('edit to diagnostics'), async () => {
      version += 1;
      const diagnostics = client.diagnostics(uri, version);
      const position = { line: target, character: (lines[target] ?? '').length };
      await client.change(uri, version, [{ range: { start: position, end: position }, text: 'x' }]);
      return diagnostics;
    });
    const position = at(variable, '$VERSION');
    await timed(list('completion'), () => client.request('textDocument/completion', uri, { position }));
    await timed(list('hover'), () => client.request('textDocument/hover', uri, { position }));
    await timed(list('highlight'), () => client.request('textDocument/documentHighlight', uri, { position }));
    await timed(list('rename'), () => client.request('textDocument/rename', uri, { position, newName: 'RELEASE' }));
    const options = { tabSize: 4, insertSpaces: true };
    await timed(list('format'), () => client.request('textDocument/formatting', uri, { options }));
  }
  for (let i = 0; i < Math.min(samples, 10); i += 1) {
    await timed(list('semantic tokens'), () => client.request('textDocument/semanticTokens/full', uri));
  }
  list('peak memory (MiB)').push(peakMemory(client.process.pid));
  await client[Symbol.asyncDispose]();
  return times;
}

/** Edits in a document of that many lines, each waited for. */
async function keystrokes(command: readonly string[], lines: number): Promise<number[]> {
  const text = dockerfile(lines);
  await using client = await LanguageClient.start(command, { capabilities: fullCapabilities });
  const opened = client.diagnostics(uri, 1);
  await client.open(uri, text);
  await opened;
  const before = text.slice(0, text.lastIndexOf('curl -f') + 'curl -f'.length).split('\n');
  const position = { line: before.length - 1, character: before.at(-1)?.length ?? 0 };
  const times: number[] = [];
  for (let version = 2; version < 2 + 2 * samples; version += 1) {
    await timed(times, async () => {
      const diagnostics = client.diagnostics(uri, version);
      await client.change(uri, version, [{ range: { start: position, end: position }, text: 'x' }]);
      return diagnostics;
    });
  }
  return times;
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** The best of several rounds, by median. */
async function best(command: readonly string[], text: string): Promise<Times> {
  const results: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const [what, values] of Object.entries(await session(command, text))) {
      const known = results[what];
      if (known === undefined || quantile(values, 0.5) < quantile(known, 0.5)) results[what] = values;
    }
  }
  return results;
}

const limits: Readonly<Record<string, number>> = {
  start: 1,
  'edit to diagnostics': 1 / 4,
  completion: 1 / 3,
  hover: 1 / 3,
  highlight: 1 / 3,
  rename: 1 / 3,
  format: 1 / 3,
  'semantic tokens': 1 / 50,
  'peak memory (MiB)': 2 / 3,
};

const bundle = join(root, 'dist/language-server.js');
if (!existsSync(bundle)) throw new Error('cannot measure: dist/language-server.js is missing; run npm run build:ts');
const peer = peerCommand();
if (peer === undefined) console.log('dockerfile-language-server-nodejs is not installed: only our own figures');
for (const lines of [2000, 100]) {
  const text = dockerfile(lines);
  console.log(`\n${lines} lines, ${text.length} bytes; best of ${rounds} rounds, median / p95 in ms`);
  const ours = await best([process.execPath, bundle, '--stdio'], text);
  const theirs = peer === undefined ? {} : await best(peer, text);
  for (const [what, values] of Object.entries(ours)) {
    const median = quantile(values, 0.5);
    const own = `${median.toFixed(2)} / ${quantile(values, 0.95).toFixed(2)}`;
    const other = theirs[what];
    const unit = what.includes('memory') ? 'MiB' : 'ms';
    const measure = { what: `language server, ${lines} lines: ${what.replace(' (MiB)', '')}`, unit };
    record({ ...measure, name: 'slipway', median });
    if (other !== undefined)
      record({ ...measure, name: 'dockerfile-language-server-nodejs', median: quantile(other, 0.5) });
    if (other === undefined) {
      console.log(`${what.padEnd(22)} ${own.padStart(18)}`);
      continue;
    }
    const ratio = median / quantile(other, 0.5);
    const limit = lines === 2000 ? limits[what] : undefined;
    const verdict = limit === undefined ? '' : ratio <= limit ? 'met' : `MISSED (at most ${limit.toFixed(3)})`;
    const peers = `${quantile(other, 0.5).toFixed(2)} / ${quantile(other, 0.95).toFixed(2)}`;
    console.log(
      `${what.padEnd(22)} ${own.padStart(18)}  peer ${peers.padStart(18)}  ratio ${ratio.toFixed(3)} ${verdict}`,
    );
  }
}

console.log('\none keystroke to its diagnostics, median / p95 in ms');
for (const lines of [100, 2_000, 20_000]) {
  const times = await keystrokes([process.execPath, bundle, '--stdio'], lines);
  const median = quantile(times, 0.5);
  record({ what: `language server, ${lines} lines: keystroke`, unit: 'ms', name: 'slipway', median });
  console.log(
    `${String(lines).padStart(6)} lines ${median.toFixed(2).padStart(8)} / ${quantile(times, 0.95).toFixed(2)}`,
  );
}
