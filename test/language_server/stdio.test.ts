// The language server as a process of its own, spoken to over standard streams and over Node IPC.
import assert from 'node:assert/strict';
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import type {
  CodeAction,
  CodeLens,
  CompletionList,
  Diagnostic,
  DocumentLink,
  DocumentSymbol,
  FoldingRange,
  Hover,
  InlayHint,
  LinkedEditingRanges,
  LocationLink,
  Position,
  SelectionRange,
  SemanticTokens,
  SignatureHelp,
  TextEdit,
  WorkspaceEdit,
} from 'vscode-languageserver';
import { fullCapabilities, LanguageClient } from './client.ts';

const main = join(import.meta.dirname, '../../language-server/main.ts');
const command = [process.execPath, main, '--stdio'];
const environment = { SLIPWAY_HOST: 'unix:///nonexistent/slipway.sock' };

const root = mkdtempSync(join(tmpdir(), 'slipway-language-server-'));
after(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, 'src'));
writeFileSync(join(root, 'src/main.ts'), '');
writeFileSync(join(root, 'src/Dockerfile.tools'), 'FROM scratch AS builder\n');
writeFileSync(join(root, 'secret.txt'), '');
writeFileSync(join(root, '.dockerignore'), 'secret.txt\n');
writeFileSync(join(root, '.hadolint.yaml'), 'ignored:\n  - DL3006\n');
const uri = pathToFileURL(join(root, 'Dockerfile')).href;

const text = `# syntax=docker/dockerfile:1
ARG VERSION=20
FROM node:$VERSION AS build
WORKDIR /app
COPY src/main.ts ./
RUN cd /tmp && \\
  npm ci
FROM scratch
COPY --from=build /app /app
`;

function at(line: number, character: number): { position: Position } {
  return { position: { line, character } };
}

describe('over standard streams', () => {
  test('a whole session', async (t) => {
    await using client = await LanguageClient.start(command, {
      root,
      environment,
      initializationOptions: { codeLensCommands: ['slipway.image.buildStage', 'slipway.image.runStage'] },
    });
    await client.open(uri, text);

    await t.test('diagnostics have code, source, page and range', async () => {
      const diagnostics = await client.diagnostics(uri, 1);
      const cd = diagnostics.find(({ code }) => code === 'DL3003');
      assert.deepEqual(cd?.range.start, { line: 5, character: 4 });
      assert.equal(cd?.source, 'hadolint');
      assert.ok(cd?.codeDescription?.href);
      assert.ok(!diagnostics.some(({ code }) => code === 'DL3006'), '.hadolint.yaml is obeyed');
    });

    await t.test('completion and resolve', async () => {
      const list = await client.request<CompletionList>('textDocument/completion', uri, at(8, 12));
      const item = list.items.find(({ label }) => label === 'build');
      assert.ok(item);
      const keywords = await client.request<CompletionList>('textDocument/completion', uri, at(9, 0));
      const run = keywords.items.find(({ label }) => label === 'RUN');
      const resolved = await client.connection.sendRequest('completionItem/resolve', run);
      assert.match(JSON.stringify(resolved), /Runs a command/);
    });

    await t.test('hover and signature help', async () => {
      const hover = await client.request<Hover>('textDocument/hover', uri, at(2, 13));
      assert.match(JSON.stringify(hover.contents), /VERSION.*20/);
      const help = await client.request<SignatureHelp>('textDocument/signatureHelp', uri, at(4, 7));
      assert.match(help.signatures[0]?.label ?? '', /^COPY/);
    });

    await t.test('definition, type definition, references, highlight', async () => {
      const [definition] = await client.request<LocationLink[]>('textDocument/definition', uri, at(8, 13));
      assert.deepEqual(definition?.targetSelectionRange.start, { line: 2, character: 22 });
      const [type] = await client.request<LocationLink[]>('textDocument/typeDefinition', uri, at(8, 13));
      assert.equal(type?.targetRange.start.line, 2);
      const context = { includeDeclaration: true };
      const references = await client.request<unknown[]>('textDocument/references', uri, { ...at(1, 5), context });
      assert.equal(references.length, 2);
      assert.equal((await client.request<unknown[]>('textDocument/documentHighlight', uri, at(2, 24))).length, 2);
    });

    await t.test('rename', async () => {
      const prepared = await client.request<{ placeholder: string }>('textDocument/prepareRename', uri, at(2, 24));
      assert.equal(prepared.placeholder, 'build');
      const edit = await client.request<WorkspaceEdit>('textDocument/rename', uri, { ...at(2, 24), newName: 'made' });
      assert.equal(edit.changes?.[uri]?.length, 2);
      const refusal = client.request('textDocument/rename', uri, { ...at(2, 24), newName: '1' });
      await assert.rejects(refusal, /begins with a letter/);
    });

    await t.test('symbols, folding, selection, linked editing', async () => {
      const symbols = await client.request<DocumentSymbol[]>('textDocument/documentSymbol', uri);
      assert.deepEqual(
        symbols.map(({ name }) => name),
        ['syntax', 'ARG', 'build', 'scratch'],
      );
      const found = await client.connection.sendRequest<{ name: string }[]>('workspace/symbol', { query: 'bui' });
      assert.deepEqual(
        found.map(({ name }) => name),
        ['build', 'builder'],
      );
      const folds = await client.request<FoldingRange[]>('textDocument/foldingRange', uri);
      assert.ok(folds.some(({ startLine, endLine }) => startLine === 5 && endLine === 6));
      const positions = [{ line: 4, character: 7 }];
      const [selection] = await client.request<SelectionRange[]>('textDocument/selectionRange', uri, { positions });
      assert.ok(selection?.parent);
      const linked = await client.request<LinkedEditingRanges>('textDocument/linkedEditingRange', uri, at(2, 24));
      assert.equal(linked.ranges.length, 2);
    });

    await t.test('links to images and files', async () => {
      const links = await client.request<DocumentLink[]>('textDocument/documentLink', uri);
      const targets = links.map(({ target }) => target);
      assert.ok(targets.includes('https://hub.docker.com/r/docker/dockerfile'));
      assert.ok(targets.includes(pathToFileURL(join(root, 'src/main.ts')).href));
    });

    await t.test('semantic tokens: full, delta and range', async () => {
      const full = await client.request<SemanticTokens>('textDocument/semanticTokens/full', uri);
      assert.ok(full.data.length > 50);
      const more = { previousResultId: full.resultId };
      const delta = await client.request<{ edits: unknown[] }>('textDocument/semanticTokens/full/delta', uri, more);
      assert.deepEqual(delta.edits, []);
      const range = { start: { line: 0, character: 0 }, end: { line: 1, character: 0 } };
      const part = await client.request<SemanticTokens>('textDocument/semanticTokens/range', uri, { range });
      assert.ok(part.data.length < full.data.length);
    });

    await t.test('formatting: document, range, on type', async () => {
      const options = { tabSize: 2, insertSpaces: true };
      assert.deepEqual(await client.request<TextEdit[]>('textDocument/formatting', uri, { options }), []);
      const range = { start: { line: 4, character: 0 }, end: { line: 4, character: 1 } };
      assert.deepEqual(await client.request('textDocument/rangeFormatting', uri, { options, range }), []);
      const typed = await client.request('textDocument/onTypeFormatting', uri, { ...at(6, 0), ch: '\n', options });
      assert.deepEqual(typed, []);
    });

    await t.test('code actions, lenses, inlay hints', async () => {
      const range = { start: { line: 5, character: 4 }, end: { line: 5, character: 4 } };
      const actions = await client.request<CodeAction[]>('textDocument/codeAction', uri, {
        range,
        context: { diagnostics: [] },
      });
      assert.ok(actions.some(({ title }) => title === 'Ignore DL3003 here'));
      const lenses = await client.request<CodeLens[]>('textDocument/codeLens', uri);
      assert.deepEqual(lenses[0]?.command, {
        title: '$(tools) Build',
        command: 'slipway.image.buildStage',
        arguments: [{ uri, target: 'build' }],
      });
      const whole = { start: { line: 0, character: 0 }, end: { line: 9, character: 0 } };
      const hints = await client.request<InlayHint[]>('textDocument/inlayHint', uri, { range: whole });
      assert.deepEqual(
        hints.map(({ label }) => label),
        ['= node:20'],
      );
    });

    await t.test('edits: diagnostics follow, many changes in one message too', async () => {
      const range = { start: { line: 5, character: 4 }, end: { line: 5, character: 6 } };
      const end = { line: 9, character: 0 };
      await client.change(uri, 2, [
        { range, text: 'ls' },
        { range: { start: end, end }, text: 'FORM x\n' },
      ]);
      const diagnostics = await client.diagnostics(uri, 2);
      assert.ok(!diagnostics.some(({ code }) => code === 'DL3003'));
      const unknown = diagnostics.find(({ message }) => String(message).startsWith('unknown instruction: FORM'));
      assert.deepEqual(unknown?.range.start, end);
      await client.change(uri, 3, [{ text: 'FROM scratch\n' }]);
      assert.ok((await client.diagnostics(uri, 3)).every(({ severity }) => severity !== 1));
    });
  });

  test('UTF-8 positions where the client prefers them', async () => {
    const capabilities = { ...fullCapabilities, general: { positionEncodings: ['utf-8', 'utf-16'] } };
    await using client = await LanguageClient.start(command, { capabilities, environment });
    assert.equal(client.initialized.capabilities.positionEncoding, 'utf-8');
    const mount = 'RUN --mount=type=cache,target=/😀é,from=';
    await client.open(uri, `FROM a AS b\nFROM c\n${mount}b ls\n`);
    const character = Buffer.byteLength(mount);
    const links = await client.request<LocationLink[]>('textDocument/definition', uri, at(2, character));
    assert.deepEqual(links[0]?.originSelectionRange, {
      start: { line: 2, character },
      end: { line: 2, character: character + 1 },
    });
    const end = { line: 2, character: character + 1 };
    await client.change(uri, 2, [{ range: { start: end, end }, text: 'x' }]);
    const gone = await client.request<LocationLink[]>('textDocument/definition', uri, at(2, character));
    assert.deepEqual(gone, [], 'the stage is now called bx');
  });

  test('workspace folders that come and go: their configuration and their symbols', async () => {
    const capabilities = { ...fullCapabilities, workspace: { workspaceFolders: true } };
    await using client = await LanguageClient.start(command, { capabilities, environment });
    const inside = pathToFileURL(join(root, 'src/Dockerfile')).href;
    const folder = { uri: pathToFileURL(root).href, name: 'root' };
    const folders = (added: object[], removed: object[]): Promise<void> =>
      client.connection.sendNotification('workspace/didChangeWorkspaceFolders', { event: { added, removed } });
    const symbols = (): Promise<{ name: string }[]> =>
      client.connection.sendRequest('workspace/symbol', { query: 'builder' });
    const hasUntagged = (all: readonly Diagnostic[]): boolean => all.some(({ code }) => code === 'DL3006');
    await client.open(inside, 'FROM debian\n');
    await client.diagnosticsThat(inside, hasUntagged);
    await folders([folder], []);
    await client.diagnosticsThat(inside, (all) => !hasUntagged(all));
    assert.deepEqual(
      (await symbols()).map(({ name }) => name),
      ['builder'],
    );
    await folders([], [folder]);
    await client.diagnosticsThat(inside, hasUntagged);
    assert.deepEqual(await symbols(), []);
  });

  test('settings of the client', async () => {
    const settings = {
      rules: { DL3003: 'error' },
      format: { keywordCase: 'lower', maxBlankLines: 0 },
      inlayHints: { variables: false, build: false },
      codeLens: false,
      context: 'src',
      registryCompletion: false,
    };
    await using client = await LanguageClient.start(command, { settings, environment });
    await client.open(uri, 'FROM a:1\nRUN cd /x\n');
    // The settings may come behind the first look: whichever it is, the last word is the setting's.
    let version = 1;
    let severity: number | undefined;
    while (severity !== 1 && version < 20) {
      severity = (await client.diagnostics(uri, version)).find(({ code }) => code === 'DL3003')?.severity;
      version += 1;
      await client.change(uri, version, []);
    }
    assert.equal(severity, 1);
    const options = { tabSize: 2, insertSpaces: true };
    const edits = await client.request<TextEdit[]>('textDocument/formatting', uri, { options });
    assert.deepEqual(
      edits.map(({ newText }) => newText),
      ['from', 'run'],
    );

    const other = `${uri}.other`;
    await client.open(other, 'arg V=1\n\n\nfrom a:$V\ncopy ma\n');
    const shorter = await client.request<TextEdit[]>('textDocument/formatting', other, { options });
    assert.ok(shorter.some(({ newText }) => newText === '\n'));
    assert.equal(await client.request('textDocument/codeLens', other), null);
    const range = { start: { line: 0, character: 0 }, end: { line: 5, character: 0 } };
    assert.deepEqual(await client.request('textDocument/inlayHint', other, { range }), []);
    const { items } = await client.request<CompletionList>('textDocument/completion', other, at(4, 7));
    assert.deepEqual(
      items.filter(({ label }) => label.startsWith('main')).map(({ label }) => label),
      ['main.ts'],
    );
  });

  test('an installed shellcheck adds what is not checked natively, for unchanged instructions it stays', async (t) => {
    if (spawnSync('shellcheck', ['--version']).status !== 0) return t.skip('shellcheck is not installed');
    await using client = await LanguageClient.start(command, { environment });
    await client.open(uri, 'FROM a:1\nRUN [ 1 -lt 2 ] && echo $((a[0])) && local x=1\nRUN true\n');
    const added = await client.diagnosticsThat(uri, (all) => all.some(({ source }) => source === 'shellcheck'));
    const external = added.filter(({ source }) => source === 'shellcheck').map(({ code }) => code);
    const end = { line: 0, character: 8 };
    await client.change(uri, 2, [{ range: { start: end, end }, text: '.2' }]);
    const after = (await client.diagnostics(uri, 2)).map(({ code }) => code);
    for (const code of external) assert.ok(after.includes(code), String(code));
  });

  test('.dockerignore files', async () => {
    await using client = await LanguageClient.start(command, { root, environment });
    const ignore = pathToFileURL(join(root, '.dockerignore')).href;
    await client.open(ignore, 'secret.txt\n[x\n', 'ignore');
    assert.equal((await client.diagnostics(ignore, 1))[0]?.message, 'syntax error in pattern');
    await client.change(ignore, 2, [{ text: 'secret.txt\n' }]);
    const hover = await client.request<Hover>('textDocument/hover', ignore, at(0, 2));
    assert.match(JSON.stringify(hover.contents), /Excludes 1 file/);
    const lenses = await client.request<CodeLens[]>('textDocument/codeLens', ignore);
    assert.equal(lenses[0]?.command?.title, 'excludes 1 file');
  });

  test('requests for documents that are not open are answered with nothing', async () => {
    await using client = await LanguageClient.start(command, { environment });
    for (const method of ['hover', 'completion', 'definition', 'foldingRange', 'documentSymbol', 'codeLens']) {
      const answer = await client.request(`textDocument/${method}`, 'file:///nowhere', at(0, 0));
      assert.ok(answer === null || JSON.stringify(answer) === '[]', method);
    }
  });

  test('broken input does not end it', async () => {
    await using client = await LanguageClient.start(command, { environment });
    const inputs = [
      '\0\u0001',
      'FROM',
      'RUN <<',
      `RUN ${'$('.repeat(2000)}`,
      'x'.repeat(1 << 20),
      '\\\n'.repeat(10_000),
    ];
    for (const [i, input] of inputs.entries()) {
      const each = `file:///broken/${i}`;
      await client.open(each, input);
      await client.diagnostics(each, 1);
      await client.request('textDocument/semanticTokens/full', each);
      await client.request('textDocument/documentSymbol', each);
      await client.request('textDocument/completion', each, at(0, 3));
    }
    assert.equal(client.process.exitCode, null);
  });
});

test('over Node IPC, as an editor starts it', async () => {
  const child = fork(main, ['--node-ipc'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const connection = createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child));
  connection.listen();
  await connection.sendRequest('initialize', { processId: process.pid, rootUri: null, capabilities: {} });
  await connection.sendNotification('initialized', {});
  const published = new Promise((resolve) => connection.onNotification('textDocument/publishDiagnostics', resolve));
  const document = { uri: 'file:///x/Dockerfile', languageId: 'dockerfile', version: 1, text: 'FORM a' };
  await connection.sendNotification('textDocument/didOpen', { textDocument: document });
  assert.match(JSON.stringify(await published), /unknown instruction/);
  const ended = once(child, 'exit');
  await connection.sendRequest('shutdown');
  await connection.sendNotification('exit');
  const [code] = await ended;
  assert.equal(code, 0);
  connection.dispose();
});
