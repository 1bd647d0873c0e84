// What the language server knows with a helper running: images in completion and hover, the plan beside the lines.
import assert from 'node:assert/strict';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { CompletionList, Hover, InlayHint } from 'vscode-languageserver';
import { Client } from '../../runtime/protocol/client.ts';
import { busyboxReference, writeBusyboxArchive } from '../support/busybox_image.ts';
import { Daemon } from '../support/daemon.ts';
import { fullCapabilities, LanguageClient } from './client.ts';

const root = join(import.meta.dirname, '../..');
const helper = join(root, 'dist/bin/slipwayd');

async function loadBusybox(socket: string, directory: string): Promise<void> {
  const archive = join(directory, 'busybox.tar');
  writeBusyboxArchive(archive);
  using client = await Client.connect(socket);
  const { socket: stream, outcome } = await client.stream('image.load', {});
  stream.resume();
  await pipeline(createReadStream(archive), stream);
  await outcome;
}

test('images, digests and the build plan come from the helper', async (t) => {
  if (!existsSync(helper)) return t.skip('dist/bin/slipwayd is missing; run npm run build');
  const directory = mkdtempSync(join(tmpdir(), 'slipway-ls-engine-'));
  const socket = join(directory, 'slipway.sock');
  try {
    const directories = ['--data-root', join(directory, 'data'), '--exec-root', join(directory, 'run')];
    await using _daemon = await Daemon.start(helper, [...directories, '--socket', socket], {
      log: join(directory, 'log'),
      ready: () => existsSync(socket),
    });
    await loadBusybox(socket, directory);
    const context = join(directory, 'context');
    mkdirSync(context);
    writeFileSync(join(context, 'file'), 'content');
    const uri = pathToFileURL(join(context, 'Dockerfile')).href;
    const capabilities = { ...fullCapabilities, workspace: { inlayHint: { refreshSupport: true } } };
    const command = [process.execPath, join(root, 'language-server/main.ts'), '--stdio'];
    await using client = await LanguageClient.start(command, {
      capabilities,
      initializationOptions: { socketPath: socket },
    });
    const planned = new Promise<void>((resolve) => {
      client.connection.onRequest('workspace/inlayHint/refresh', () => {
        resolve();
        return null;
      });
    });
    await client.open(uri, `FROM ${busyboxReference}\nCOPY file /file\n`);

    const position = { line: 0, character: 5 };
    const list = await client.request<CompletionList>('textDocument/completion', uri, { position });
    const image = list.items.find(({ label }) => label.startsWith('slipway.test/busybox'));
    assert.match(image?.detail ?? '', /local.*2024-01-01/);

    const hover = await client.request<Hover>('textDocument/hover', uri, { position: { line: 0, character: 8 } });
    assert.match(JSON.stringify(hover.contents), /size .*created 2024-01-01.*platform linux\/amd64/);

    const range = { start: { line: 0, character: 0 }, end: { line: 2, character: 0 } };
    await client.request<InlayHint[]>('textDocument/inlayHint', uri, { range });
    await planned;
    const hints = await client.request<InlayHint[]>('textDocument/inlayHint', uri, { range });
    const copy = hints.find((hint) => hint.position.line === 1);
    assert.match(String(copy?.label), /^not cached/);
    assert.equal(copy?.position.character, 'COPY file /file'.length);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
