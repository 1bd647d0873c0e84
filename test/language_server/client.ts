// A small client for language servers over standard streams: starts the process, opens and edits documents, waits for diagnostics.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import type {
  ClientCapabilities,
  Diagnostic,
  InitializeResult,
  PublishDiagnosticsParams,
  TextDocumentContentChangeEvent,
} from 'vscode-languageserver';

export interface ClientOptions {
  readonly capabilities?: ClientCapabilities;
  readonly initializationOptions?: unknown;
  /** Path of the workspace folder. */
  readonly root?: string;
  /** The answer to `workspace/configuration`; without it the client does not offer to be asked. */
  readonly settings?: unknown;
  readonly environment?: NodeJS.ProcessEnv;
}

/** What most editors can do. */
export const fullCapabilities: ClientCapabilities = {
  textDocument: {
    completion: { completionItem: { snippetSupport: true, documentationFormat: ['markdown'] } },
    publishDiagnostics: { versionSupport: true, relatedInformation: true },
    semanticTokens: {
      requests: { full: { delta: true }, range: true },
      tokenTypes: [],
      tokenModifiers: [],
      formats: ['relative'],
    },
    codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ['quickfix', 'source.fixAll'] } } },
    documentSymbol: { hierarchicalDocumentSymbolSupport: true },
    foldingRange: {},
    rename: { prepareSupport: true },
  },
};

export class LanguageClient implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly connection: MessageConnection;
  readonly initialized: InitializeResult;
  readonly #published = new Map<string, PublishDiagnosticsParams>();
  readonly #waiting = new Set<{
    matches: (params: PublishDiagnosticsParams) => boolean;
    resolve: (found: Diagnostic[]) => void;
  }>();

  private constructor(process: ChildProcess, connection: MessageConnection, initialized: InitializeResult) {
    this.process = process;
    this.connection = connection;
    this.initialized = initialized;
    connection.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) => {
      this.#published.set(params.uri, params);
      for (const waiter of this.#waiting) {
        if (!waiter.matches(params)) continue;
        this.#waiting.delete(waiter);
        waiter.resolve(params.diagnostics);
      }
    });
  }

  /** Starts a server and says hello. `command` is a program with its arguments. */
  static async start(command: readonly string[], options: ClientOptions = {}): Promise<LanguageClient> {
    const [program = '', ...parameters] = command;
    const child = spawn(program, parameters, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...options.environment },
    });
    const connection = createMessageConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
    );
    connection.onRequest('workspace/configuration', ({ items }: { items: unknown[] }) =>
      items.map(() => options.settings ?? null),
    );
    connection.onRequest('client/registerCapability', () => null);
    connection.onNotification('window/logMessage', () => {});
    connection.listen();
    const capabilities = options.capabilities ?? fullCapabilities;
    const workspace = { ...capabilities.workspace, ...(options.settings === undefined ? {} : { configuration: true }) };
    const uri = options.root === undefined ? null : `file://${options.root}`;
    const initialized: InitializeResult = await connection.sendRequest('initialize', {
      processId: process.pid,
      rootUri: uri,
      workspaceFolders: uri === null ? null : [{ uri, name: 'test' }],
      capabilities: { ...capabilities, workspace },
      initializationOptions: options.initializationOptions,
    });
    const client = new LanguageClient(child, connection, initialized);
    await connection.sendNotification('initialized', {});
    return client;
  }

  open(uri: string, text: string, languageId = 'dockerfile'): Promise<void> {
    return this.connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId, version: 1, text },
    });
  }

  change(uri: string, version: number, contentChanges: TextDocumentContentChangeEvent[]): Promise<void> {
    return this.connection.sendNotification('textDocument/didChange', {
      textDocument: { uri, version },
      contentChanges,
    });
  }

  /** The diagnostics of a version of a document, waited for if they have not come. Servers that tell no version: the next ones. */
  diagnostics(uri: string, version: number): Promise<Diagnostic[]> {
    const known = this.#published.get(uri);
    if (known?.version === version) return Promise.resolve(known.diagnostics);
    return new Promise((resolve) => {
      const matches = (params: PublishDiagnosticsParams): boolean =>
        params.uri === uri && (params.version === undefined || params.version === version);
      this.#waiting.add({ matches, resolve });
    });
  }

  /** The first diagnostics of a document, from the last that came on, that satisfy `wanted`. */
  diagnosticsThat(uri: string, wanted: (diagnostics: Diagnostic[]) => boolean): Promise<Diagnostic[]> {
    const known = this.#published.get(uri);
    if (known !== undefined && wanted(known.diagnostics)) return Promise.resolve(known.diagnostics);
    return new Promise((resolve) => {
      this.#waiting.add({ matches: (params) => params.uri === uri && wanted(params.diagnostics), resolve });
    });
  }

  /** A request about a document. */
  request<T>(method: string, uri: string, more: object = {}): Promise<T> {
    return this.connection.sendRequest(method, { textDocument: { uri }, ...more });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.process, 'exit');
    if (this.process.exitCode === null && this.process.signalCode === null) {
      await this.connection.sendRequest('shutdown');
      await this.connection.sendNotification('exit');
      await ended;
    }
    this.connection.dispose();
  }
}
