// What the language server knows with a helper running: images in completion and hover, the plan beside the lines.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
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

/** A registry that has one multi-platform image under every name, pushed on Christmas Eve. */
async function tinyRegistry(): Promise<AsyncDisposable & { readonly host: string }> {
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const server = createServer((_request, response) => {
    response.setHeader('content-type', mediaType).setHeader('last-modified', 'Wed, 24 Dec 2025 18:00:00 GMT');
    response.end(JSON.stringify({ schemaVersion: 2, mediaType, manifests: [] }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    host: `127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
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
    await using registry = await tinyRegistry();
    await using client = await LanguageClient.start(command, {
      capabilities,
      initializationOptions: { socketPath: socket },
    });
    const refreshed = new EventEmitter();
    client.connection.onRequest('workspace/inlayHint/refresh', () => {
      refreshed.emit('hints');
      return null;
    });
    await client.open(uri, `FROM ${registry.host}/team/app:1 AS app\nFROM ${busyboxReference}\nCOPY file /file\n`);

    const position = { line: 1, character: 5 };
    const list = await client.request<CompletionList>('textDocument/completion', uri, { position });
    const image = list.items.find(({ label }) => label.startsWith('slipway.test/busybox'));
    assert.match(image?.detail ?? '', /local.*2024-01-01/);

    const hover = await client.request<Hover>('textDocument/hover', uri, { position: { line: 1, character: 8 } });
    assert.match(JSON.stringify(hover.contents), /size .*created 2024-01-01.*platform linux\/amd64/);

    const range = { start: { line: 0, character: 0 }, end: { line: 3, character: 0 } };
    /** The first hint on a line that looks like that, however often the server has to learn more first. */
    const hintOn = async (line: number, like: RegExp): Promise<InlayHint> => {
      for (;;) {
        const more = once(refreshed, 'hints');
        const hints = await client.request<InlayHint[]>('textDocument/inlayHint', uri, { range });
        const hint = hints.find(({ label, position }) => position.line === line && like.test(String(label)));
        if (hint !== undefined) return hint;
        await more;
      }
    };
    assert.equal((await hintOn(2, /^not cached/)).position.character, 'COPY file /file'.length);
    assert.match(String((await hintOn(0, /pushed/)).label), /^sha256:[0-9a-f]{12} · pushed 2025-12-24$/);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
