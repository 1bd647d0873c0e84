// The server's state and life: what the client can do, open documents, settings, diagnostics.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type Connection,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  type InitializeResult,
  TextDocumentSyncKind,
  type WorkspaceFoldersChangeEvent,
} from 'vscode-languageserver';
import { answerRequests, type Client, type Host } from './answers.ts';
import type { BuildPlans } from './build_plans.ts';
import { capabilities } from './capabilities.ts';
import { EngineKnowledge } from './engine.ts';
import type { SemanticTokenProvider } from './features/semantic_tokens.ts';
import type { LintService } from './linting.ts';
import { fileKind, OpenDocument } from './open_document.ts';
import { type InitializationOptions, readSettings, type Settings, settingsSection } from './protocol.ts';

/** An installed shellcheck is asked when nothing was typed for this many milliseconds. */
const pauseBeforeShellcheck = 250;
/** As long as files or images go on changing within this many milliseconds, the engine is not asked for plans. */
const pauseBeforePlans = 300;

export function serve(connection: Connection): void {
  new Server(connection).listen();
}

class Server implements Host {
  settings: Settings = readSettings(undefined);
  engine = new EngineKnowledge(undefined);
  readonly #connection: Connection;
  readonly documents = new Map<string, OpenDocument>();
  readonly #waiting = new Set<OpenDocument>();
  /** The pause before an installed shellcheck is asked: typing ends it. */
  readonly #pauses = new WeakMap<OpenDocument, AbortController>();
  readonly #closed = new WeakMap<OpenDocument, AbortController>();
  client: Client = {
    encoding: 'utf-16',
    support: { snippets: false },
    configuration: false,
    watchesFiles: false,
    refreshes: { hints: false, lenses: false },
    commands: [],
  };
  /** Paths of the workspace folders, the longest first. */
  roots: readonly string[] = [];
  #lint: Promise<LintService> | undefined;
  #plans: Promise<BuildPlans> | undefined;
  #tokens: Promise<SemanticTokenProvider> | undefined;
  #changesFolders = false;
  #outdated: NodeJS.Timeout | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  listen(): void {
    const connection = this.#connection;
    connection.onInitialize((params) => this.#initialize(params));
    connection.onInitialized(() => void this.#initialized());
    connection.onShutdown(() => this.engine.dispose());
    connection.onDidChangeConfiguration((params) => void this.#configure(params.settings));
    connection.onDidChangeWatchedFiles(({ changes }) => void this.#filesChanged(changes.map(({ uri }) => uri)));
    this.#listenToDocuments();
    answerRequests(connection, this);
    connection.listen();
  }

  #initialize(params: InitializeParams): InitializeResult {
    const { capabilities: client } = params;
    const options = (params.initializationOptions ?? {}) as InitializationOptions;
    this.client = {
      // The client's order is its preference; UTF-16 is what everybody must understand.
      encoding:
        client.general?.positionEncodings?.find((known) => known === 'utf-8' || known === 'utf-16') === 'utf-8'
          ? 'utf-8'
          : 'utf-16',
      support: { snippets: client.textDocument?.completion?.completionItem?.snippetSupport === true },
      configuration: client.workspace?.configuration === true,
      watchesFiles: client.workspace?.didChangeWatchedFiles?.dynamicRegistration === true,
      refreshes: {
        hints: client.workspace?.inlayHint?.refreshSupport === true,
        lenses: client.workspace?.codeLens?.refreshSupport === true,
      },
      commands: Array.isArray(options.codeLensCommands) ? options.codeLensCommands : [],
    };
    this.engine = new EngineKnowledge(typeof options.socketPath === 'string' ? options.socketPath : undefined);
    this.engine.onDidChange = () => this.#outdatePlans();
    this.engine.onDidLearn = () => {
      if (this.client.refreshes.hints) this.#connection.languages.inlayHint.refresh();
    };
    this.settings = readSettings(options.settings);
    this.roots = rootsOf(params);
    this.#changesFolders = client.workspace?.workspaceFolders === true;
    return {
      capabilities: {
        ...capabilities,
        positionEncoding: this.client.encoding,
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
      },
      serverInfo: { name: 'Slipway Dockerfile language server' },
    };
  }

  async #initialized(): Promise<void> {
    // The rules are read while the client sends its first document.
    void this.linter();
    if (this.client.watchesFiles) {
      // Every file may be one of a build's context.
      const watchers = [{ globPattern: '**/*' }];
      void this.#connection.client.register(DidChangeWatchedFilesNotification.type, { watchers });
    }
    if (this.#changesFolders)
      this.#connection.workspace.onDidChangeWorkspaceFolders((event) => void this.#foldersChanged(event));
    if (!this.client.configuration) return;
    void this.#connection.client.register(DidChangeConfigurationNotification.type, { section: settingsSection });
    await this.#configure(undefined);
  }

  /** Asks for the settings, or takes what an older client pushed. */
  async #configure(pushed: unknown): Promise<void> {
    const sections = (pushed ?? {}) as { slipway?: { dockerfile?: unknown } };
    this.settings = readSettings(
      this.client.configuration
        ? await this.#connection.workspace.getConfiguration(settingsSection)
        : sections.slipway?.dockerfile,
    );
    (await this.linter()).reset();
    for (const open of this.documents.values()) this.#schedule(open);
    if (this.client.refreshes.hints) this.#connection.languages.inlayHint.refresh();
    if (this.client.refreshes.lenses) void this.#connection.sendRequest('workspace/codeLens/refresh');
  }

  /** Configuration is looked for up to the folder that holds a file, and symbols in all of them. */
  async #foldersChanged({ added, removed }: WorkspaceFoldersChangeEvent): Promise<void> {
    const gone = new Set(pathsOf(removed));
    const kept = this.roots.filter((path) => !gone.has(path));
    this.roots = longestFirst([...new Set([...kept, ...pathsOf(added)])]);
    (await this.linter()).reset();
    for (const open of this.documents.values()) this.#schedule(open);
  }

  /** Rules are read anew only where a file that holds some changed; others are looked at for what they mean to a build. */
  async #filesChanged(uris: readonly string[]): Promise<void> {
    if (this.documents.size === 0) return;
    const linter = await this.linter();
    if (uris.some((uri) => /\.dockerignore$|hadolint\.ya?ml$/.test(uri))) linter.reset();
    else for (const open of this.documents.values()) linter.forgetFiles(open);
    for (const open of this.documents.values()) this.#schedule(open);
    this.#outdatePlans();
  }

  /** Many things change at once in a build or a checkout: the engine is asked once, when they have settled. */
  #outdatePlans(): void {
    if (this.#outdated !== undefined) return;
    this.#outdated = setTimeout(() => {
      this.#outdated = undefined;
      void this.#plans?.then((plans) => plans.outdate());
    }, pauseBeforePlans);
    this.#outdated.unref();
  }

  linter(): Promise<LintService> {
    this.#lint ??= this.#startLinter();
    return this.#lint;
  }

  async #startLinter(): Promise<LintService> {
    const [{ LintService }, { ImageAnswers }] = await Promise.all([
      import('./linting.ts'),
      import('./image_knowledge.ts'),
    ]);
    const images = new ImageAnswers(this.engine, () => {
      service.forgetResults(this.documents.values());
      for (const open of this.documents.values()) this.#schedule(open);
    });
    const service = new LintService(
      () => this.settings,
      () => this.roots,
      images,
    );
    return service;
  }

  plans(): Promise<BuildPlans> {
    this.#plans ??= import('./build_plans.ts').then(({ BuildPlans }) => {
      const show = (): void => {
        if (this.client.refreshes.hints) this.#connection.languages.inlayHint.refresh();
      };
      return new BuildPlans(this.engine, () => this.settings, show);
    });
    return this.#plans;
  }

  tokens(): Promise<SemanticTokenProvider> {
    this.#tokens ??= import('./features/semantic_tokens.ts').then(
      ({ SemanticTokenProvider }) => new SemanticTokenProvider(),
    );
    return this.#tokens;
  }

  #listenToDocuments(): void {
    const connection = this.#connection;
    connection.onDidOpenTextDocument(({ textDocument: { uri, languageId, version, text } }) => {
      const kind = fileKind(uri, languageId);
      if (kind === undefined) return;
      const open = new OpenDocument(uri, kind, version, text, this.client.encoding);
      this.documents.set(uri, open);
      this.#schedule(open);
    });
    connection.onDidChangeTextDocument((params) => {
      const open = this.documents.get(params.textDocument.uri);
      if (open === undefined) return;
      open.change(params);
      this.#schedule(open);
    });
    connection.onDidSaveTextDocument(({ textDocument }) => {
      const open = this.documents.get(textDocument.uri);
      if (open === undefined) return;
      void this.linter().then((linter) => linter.forgetFiles(open));
      this.#schedule(open);
    });
    connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
      const open = this.documents.get(uri);
      if (open === undefined) return;
      this.documents.delete(uri);
      this.#waiting.delete(open);
      this.#pauses.get(open)?.abort();
      this.#closed.get(open)?.abort();
      void this.#tokens?.then((tokens) => tokens.forget(uri));
      void this.#plans?.then((plans) => plans.forget(open));
      void connection.sendDiagnostics({ uri, diagnostics: [] });
    });
  }

  /** Publishes problems once the messages that have already come are read: a burst of edits is looked at once. */
  #schedule(open: OpenDocument): void {
    if (this.#waiting.has(open)) return;
    this.#waiting.add(open);
    setImmediate(() => void this.#publish(open));
  }

  async #publish(open: OpenDocument): Promise<void> {
    const linter = await this.linter();
    if (!this.#waiting.delete(open)) return;
    await this.#send(open, linter);
    this.#pauses.get(open)?.abort();
    const pause = new AbortController();
    this.#pauses.set(open, pause);
    const closed = this.#closed.get(open) ?? new AbortController();
    this.#closed.set(open, closed);
    try {
      await sleep(pauseBeforeShellcheck, undefined, { signal: pause.signal, ref: false });
      if (await linter.askShellcheck(open, closed.signal)) await this.#send(open, linter);
    } catch (error) {
      // Typed on, or closed: a later look is on its way or none is wanted.
      if (pause.signal.aborted || closed.signal.aborted) return;
      this.#connection.console.error(`cannot ask shellcheck: ${String(error)}`);
    }
  }

  /** A check that throws must not end the server: everything else goes on, and the log says what happened. */
  async #send(open: OpenDocument, linter: LintService): Promise<void> {
    if (this.documents.get(open.uri) !== open) return;
    try {
      const diagnostics = linter.diagnostics(open);
      await this.#connection.sendDiagnostics({ uri: open.uri, version: open.version, diagnostics });
    } catch (error) {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#connection.console.error(`cannot check ${open.uri}: ${why}`);
    }
  }
}

function rootsOf(params: InitializeParams): string[] {
  return longestFirst(pathsOf(params.workspaceFolders ?? (params.rootUri == null ? [] : [{ uri: params.rootUri }])));
}

function pathsOf(folders: readonly { readonly uri: string }[]): string[] {
  return folders.flatMap(({ uri }) => (uri.startsWith('file:///') ? [fileURLToPath(uri).replace(/\/$/, '')] : []));
}

function longestFirst(paths: string[]): string[] {
  return paths.sort((a, b) => b.length - a.length);
}
