import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { CompletionItem } from 'vscode-languageserver';
import { completion, resolveCompletion } from './completion.ts';
import { applied, marked, services } from './marked_document.ts';

const directory = mkdtempSync(join(tmpdir(), 'slipway-completion-'));
after(() => rmSync(directory, { recursive: true }));
mkdirSync(join(directory, 'src/deep'), { recursive: true });
mkdirSync(join(directory, 'node_modules/x'), { recursive: true });
for (const file of ['package.json', 'src/main.ts', 'src/deep/a.ts', '.env', 'a b'])
  writeFileSync(join(directory, file), '');
writeFileSync(join(directory, '.dockerignore'), 'node_modules\n.env\n');
const uri = pathToFileURL(join(directory, 'Dockerfile')).href;

async function complete(text: string, snippets = false): Promise<CompletionItem[]> {
  const { open, position } = marked(text, uri);
  return (await completion(open, position, services, { snippets })).items;
}

async function labels(text: string): Promise<string[]> {
  return (await complete(text)).map(({ label }) => label);
}

/** The text after accepting the item with that label. */
async function accepted(text: string, label: string): Promise<string> {
  const { open, position } = marked(text, uri);
  const { items } = await completion(open, position, services, { snippets: false });
  const item = items.find((candidate) => candidate.label === label);
  assert.ok(item?.textEdit && 'range' in item.textEdit, `${label} among ${items.map((each) => each.label).join(' ')}`);
  return applied(open, [item.textEdit]);
}

describe('offers', () => {
  const cases: [text: string, offered: string[], not?: string[]][] = [
    ['|', ['FROM', 'ARG', 'RUN']],
    ['FROM a\nRU|', ['RUN']],
    ['from a\n|', ['run', 'copy'], ['RUN']],
    ['FROM a AS base\nFROM |', ['base', 'alpine', 'scratch', '--platform=']],
    ['FROM --platform=|', ['linux/arm64', '$BUILDPLATFORM']],
    ['FROM alpine |', ['AS']],
    ['FROM a AS one\nFROM b AS two\nCOPY --from=|', ['one'], ['two']],
    ['FROM a\nCOPY |', ['src/', 'package.json', '--from=', '--link'], ['node_modules/', '.env', 'a b']],
    ['FROM a\nCOPY src/|', ['main.ts', 'deep/']],
    ['FROM a AS x\nWORKDIR /made\nFROM b\nCOPY --from=x |', ['/made'], ['src/']],
    ['FROM a\nWORKDIR /w\nCOPY x |', ['./', '/w']],
    ['FROM a\nCOPY --|', ['--parents', '--exclude=', '--chown=', '--chmod=', '--link']],
    ['FROM a\nCOPY --link --|', ['--parents'], ['--link']],
    ['FROM a\nADD --|', ['--checksum=', '--keep-git-dir', '--unpack']],
    ['FROM a\nRUN --mount=|', ['type=cache', 'type=secret', 'target=', 'from=']],
    ['FROM a\nRUN --mount=type=cache,|', ['target=', 'sharing=', 'id='], ['type=cache', 'size=']],
    ['FROM a\nRUN --mount=type=cache,target=/x,sharing=|', ['locked', 'private', 'shared']],
    ['FROM a\nRUN --mount=type=secret,|', ['id=', 'env=', 'required'], ['sharing=']],
    ['FROM a\nRUN --mount=type=tmpfs,|', ['size=']],
    ['FROM a AS b\nFROM c\nRUN --mount=type=bind,from=|', ['b']],
    ['FROM a\nRUN --mount=type=bind,source=s| x', ['src/']],
    ['FROM a\nRUN --mount=type=cache,target=| npm ci', ['/root/.npm']],
    ['FROM a\nRUN --network=|', ['none', 'host', 'default']],
    ['FROM a\nRUN --security=|', ['insecure', 'sandbox']],
    ['FROM a\nARG VERSION=1\nENV OTHER=2\nRUN echo $|', ['VERSION', 'OTHER']],
    ['FROM a\nARG VERSION=1\nRUN echo ${VER|', ['VERSION']],
    ['FROM a\nARG VERSION=1\nCOPY x$| /y', ['VERSION']],
    ['ARG V=1\nFROM a:$|', ['V', 'TARGETPLATFORM']],
    ['ARG V=1\nFROM a\nARG |', ['V', 'TARGETARCH', 'HTTP_PROXY']],
    ['FROM a\nEXPOSE |', ['80', '5432']],
    ['FROM a\nEXPOSE 80/|', ['tcp', 'udp']],
    ['FROM a\nRUN useradd --system app\nUSER |', ['app', 'root', 'nobody']],
    ['FROM a\nRUN adduser -D web\nCOPY --chown=|', ['web']],
    ['FROM a\nSTOPSIGNAL |', ['SIGTERM', 'SIGQUIT']],
    ['FROM a\nSHELL |', ['["/bin/bash", "-o", "pipefail", "-c"]']],
    ['FROM a\nHEALTHCHECK |', ['CMD', 'NONE', '--interval=']],
    ['FROM a\nHEALTHCHECK --interval=|', ['30s']],
    ['FROM a\nONBUILD |', ['RUN', 'COPY'], ['FROM', 'ONBUILD']],
    ['FROM a\nONBUILD COPY --|', ['--from=']],
    ['FROM a\nLABEL |', ['org.opencontainers.image.source']],
    ['FROM a\nWORKDIR /srv/app\nWORKDIR |', ['/srv/app']],
    ['FROM a\nRUN apt-get |', ['update', 'install', '-y']],
    ['FROM a\nRUN true && \\\n  apt-get install --no|', ['--no-install-recommends']],
    ['FROM a\nRUN <<EOF\nx\n|', ['EOF']],
    ['# |', ['syntax=', 'escape=', 'check=', 'hadolint ignore=']],
    ['# syntax=|', ['docker/dockerfile:1']],
    ['# escape=|', ['`']],
    ['# check=skip=|', ['all', 'StageNameCasing']],
    ['FROM a\n# hadolint ignore=DL3006,|\nRUN x', ['DL3008']],
  ];
  for (const [text, offered, not = []] of cases) {
    test(JSON.stringify(text), async () => {
      const found = await labels(text);
      for (const label of offered) assert.ok(found.includes(label), `${label} missing in: ${found.join(' ')}`);
      for (const label of not) assert.ok(!found.includes(label), `${label} offered`);
    });
  }
});

test('the nearest stage comes first', async () => {
  assert.deepEqual((await labels('FROM a AS one\nFROM b AS two\nFROM c\nCOPY --from=|')).slice(0, 2), ['two', 'one']);
});

describe('replaces exactly what is written', () => {
  const cases: [text: string, label: string, result: string][] = [
    ['FROM a\nru|', 'RUN', 'FROM a\nRUN '],
    ['FROM a\nCOPY src/ma| /x', 'main.ts', 'FROM a\nCOPY src/main.ts /x'],
    ['FROM a\nRUN --mount=type=cache,targ| x', 'target=', 'FROM a\nRUN --mount=type=cache,target= x'],
    ['FROM a\nARG V\nRUN echo ${V|', 'V', 'FROM a\nARG V\nRUN echo ${V}'],
    ['FROM a\nARG V\nRUN echo ${V|}', 'V', 'FROM a\nARG V\nRUN echo ${V}'],
    ['FROM a\nCOPY \\\n  pack|', 'package.json', 'FROM a\nCOPY \\\n  package.json'],
    ['FROM alp|', 'alpine', 'FROM alpine'],
  ];
  for (const [text, label, result] of cases) {
    test(JSON.stringify(text), async () => assert.equal(await accepted(text, label), result));
  }
});

test('snippets only for clients that know them', async () => {
  const withSnippets = await complete('FROM a\n|', true);
  assert.ok(
    withSnippets.some(({ label, insertTextFormat }) => label.startsWith('RUN --mount') && insertTextFormat === 2),
  );
  assert.ok((await complete('FROM a\n|')).every(({ insertTextFormat }) => insertTextFormat === undefined));
});

test('heredocs, from the first character on', async () => {
  for (const text of ['RUN |', 'RUN <|', 'RUN cat <<|', 'COPY |', 'COPY <<|']) {
    const items = await complete(`FROM a\n${text}`, true);
    assert.ok(
      items.some(({ label }) => label === '<<EOF'),
      text,
    );
  }
});

test('resolve adds the documentation', async () => {
  const item = (await complete('FROM a\nRU|')).find(({ label }) => label === 'RUN');
  assert.ok(item !== undefined && item.documentation === undefined);
  const resolved = await resolveCompletion(item);
  assert.match(JSON.stringify(resolved.documentation), /docs\.docker\.com/);
});

test('nothing inside a heredoc or a quoted value but what belongs there', async () => {
  assert.deepEqual(await labels('FROM a\nRUN <<EOF\nfoo |\nEOF'), []);
});
