// Wires the protocol to the features. Features are loaded when they are first needed, so that the server starts fast.
import { fileURLToPath } from 'node:url';
import {
  type CancellationToken,
  type Connection,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  type InitializeResult,
  type Range,
  TextDocumentSyncKind,
} from 'vscode-languageserver';
import { capabilities } from './capabilities.ts';
import { EngineKnowledge } from './engine.ts';
import type { CompletionSupport } from './features/completion_list.ts';
import type { SemanticTokenProvider } from './features/semantic_tokens.ts';
import type { LintService } from './linting.ts';
import { fileKind, OpenDocument } from './open_document.ts';
import { commands, type InitializationOptions, readSettings, type Settings, settingsSection } from './protocol.ts';
import type { Services } from './services.ts';
import type { Encoding } from './text_view.ts';

/** What the client said that it can do. */
interface Client {
  encoding: Encoding;
  support: CompletionSupport;
  configuration: boolean;
  watchesFiles: boolean;
  refreshes: { hints: boolean; lenses: boolean };
  commands: readonly string[];
}

export function serve(connection: Connection): void {
  new Server(connection).listen();
}

class Server implements Services {
  settings: Settings = readSettings(undefined);
  engine = new EngineKnowledge(undefined);
  readonly #connection: Connection;
  readonly #documents = new Map<string, OpenDocument>();
  readonly #waiting = new Set<OpenDocument>();
  #client: Client = {
    encoding: 'utf-16',
    support: { snippets: false },
    configuration: false,
    watchesFiles: false,
    refreshes: { hints: false, lenses: false },
    commands: [],
  };
  /** Paths of the workspace folders, the longest first. */
  #roots: readonly string[] = [];
  #lint: Promise<LintService> | undefined;
  #tokens: Promise<SemanticTokenProvider> | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  listen(): void {
    const connection = this.#connection;
    connection.onInitialize((params) => this.#initialize(params));
    connection.onInitialized(() => void this.#initialized());
    connection.onShutdown(() => this.engine.dispose());
    connection.onDidChangeConfiguration((params) => void this.#configure(params.settings));
    connection.onDidChangeWatchedFiles(() => void this.#filesChanged());
    this.#listenToDocuments();
    this.#answerEditing();
    this.#answerNavigation();
    this.#answerDecoration();
    connection.listen();
  }

  #initialize(params: InitializeParams): InitializeResult {
    const { capabilities: client } = params;
    const options = (params.initializationOptions ?? {}) as InitializationOptions;
    this.#client = {
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
      commands: Array.isArray(options.commands) ? options.commands : [],
    };
    this.engine = new EngineKnowledge(typeof options.socket === 'string' ? options.socket : undefined);
    this.settings = readSettings(options.settings);
    this.#roots = rootsOf(params);
    return {
      capabilities: {
        ...capabilities,
        positionEncoding: this.#client.encoding,
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
      },
      serverInfo: { name: 'Slipway Dockerfile language server' },
    };
  }

  async #initialized(): Promise<void> {
    if (this.#client.watchesFiles) {
      const watchers = ['**/.dockerignore', '**/*.dockerignore', '**/.hadolint.{yaml,yml}'].map((globPattern) => ({
        globPattern,
      }));
      void this.#connection.client.register(DidChangeWatchedFilesNotification.type, { watchers });
    }
    if (!this.#client.configuration) return;
    void this.#connection.client.register(DidChangeConfigurationNotification.type, { section: settingsSection });
    await this.#configure(undefined);
  }

  /** Asks for the settings, or takes what an older client pushed. */
  async #configure(pushed: unknown): Promise<void> {
    const sections = (pushed ?? {}) as { slipway?: { dockerfile?: unknown } };
    this.settings = readSettings(
      this.#client.configuration
        ? await this.#connection.workspace.getConfiguration(settingsSection)
        : sections.slipway?.dockerfile,
    );
    (await this.#linter()).reset();
    for (const open of this.#documents.values()) this.#schedule(open);
    if (this.#client.refreshes.hints) this.#connection.languages.inlayHint.refresh();
    if (this.#client.refreshes.lenses) void this.#connection.sendRequest('workspace/codeLens/refresh');
  }

  async #filesChanged(): Promise<void> {
    (await this.#linter()).reset();
    for (const open of this.#documents.values()) this.#schedule(open);
  }

  #linter(): Promise<LintService> {
    this.#lint ??= import('./linting.ts').then(
      ({ LintService }) =>
        new LintService(
          () => this.settings,
          () => this.#roots,
        ),
    );
    return this.#lint;
  }

  #tokenProvider(): Promise<SemanticTokenProvider> {
    this.#tokens ??= import('./features/semantic_tokens.ts').then(
      ({ SemanticTokenProvider }) => new SemanticTokenProvider(),
    );
    return this.#tokens;
  }

  #listenToDocuments(): void {
    const connection = this.#connection;
    connection.onDidOpenTextDocument(({ textDocument: { uri, languageId, version, text } }) => {
      const open = new OpenDocument(uri, fileKind(uri, languageId), version, text, this.#client.encoding);
      this.#documents.set(uri, open);
      this.#schedule(open);
    });
    connection.onDidChangeTextDocument((params) => {
      const open = this.#documents.get(params.textDocument.uri);
      if (open === undefined) return;
      open.change(params);
      this.#schedule(open);
    });
    connection.onDidSaveTextDocument(({ textDocument }) => {
      const open = this.#documents.get(textDocument.uri);
      if (open === undefined) return;
      void this.#linter().then((linter) => linter.forgetFiles(open));
      this.#schedule(open);
    });
    connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
      const open = this.#documents.get(uri);
      if (open === undefined) return;
      this.#documents.delete(uri);
      this.#waiting.delete(open);
      void this.#tokens?.then((tokens) => tokens.forget(uri));
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
    const linter = await this.#linter();
    if (!this.#waiting.delete(open)) return;
    const diagnostics = linter.diagnostics(open);
    await this.#connection.sendDiagnostics({ uri: open.uri, version: open.version, diagnostics });
  }

  /** Runs `answer` for an open Dockerfile; anything else gets `otherwise`. */
  #dockerfile<T>(
    params: { textDocument: { uri: string } },
    otherwise: T,
    answer: (open: OpenDocument) => T | Promise<T>,
  ) {
    const open = this.#documents.get(params.textDocument.uri);
    return open === undefined || open.kind !== 'dockerfile' ? otherwise : answer(open);
  }

  #answerEditing(): void {
    const connection = this.#connection;
    connection.onCompletion(async (params) => {
      const open = this.#documents.get(params.textDocument.uri);
      if (open === undefined) return null;
      if (open.kind === 'dockerignore') {
        const { ignoreCompletion } = await import('./features/ignore_file.ts');
        return ignoreCompletion(open, params.position, this.#client.support);
      }
      const { completion } = await import('./features/completion.ts');
      return completion(open, params.position, this, this.#client.support);
    });
    connection.onCompletionResolve(async (item) => (await import('./features/completion.ts')).resolveCompletion(item));
    connection.onSignatureHelp((params) =>
      this.#dockerfile(params, null, async (open) =>
        (await import('./features/signature.ts')).signatureHelp(open, params.position),
      ),
    );
    connection.onCodeAction(async (params) => {
      const open = this.#documents.get(params.textDocument.uri);
      if (open === undefined) return null;
      const { codeActions } = await import('./features/code_actions.ts');
      const problems = (await this.#linter()).problems(open);
      return codeActions(open, params.range, params.context, problems);
    });
    connection.onDocumentFormatting((params) =>
      this.#dockerfile(params, null, async (open) => {
        const { formatDocument, styleOf } = await import('./features/formatting.ts');
        return formatDocument(open, styleOf(this.settings.format, params.options));
      }),
    );
    connection.onDocumentRangeFormatting((params) =>
      this.#dockerfile(params, null, async (open) => {
        const { formatRange, styleOf } = await import('./features/formatting.ts');
        return formatRange(open, params.range, styleOf(this.settings.format, params.options));
      }),
    );
    connection.onDocumentOnTypeFormatting((params) =>
      this.#dockerfile(params, null, async (open) => {
        const { formatOnType, styleOf } = await import('./features/formatting.ts');
        return formatOnType(open, params.position, params.ch, styleOf(this.settings.format, params.options));
      }),
    );
  }

  #answerNavigation(): void {
    const connection = this.#connection;
    const navigation = () => import('./features/navigation.ts');
    connection.onHover(async (params, token) => {
      const open = this.#documents.get(params.textDocument.uri);
      if (open === undefined) return null;
      if (open.kind === 'dockerignore') {
        const { ignoreHover } = await import('./features/ignore_file.ts');
        return ignoreHover(open, params.position, signalOf(token));
      }
      const { hover } = await import('./features/hover.ts');
      return hover(open, params.position, this);
    });
    connection.onDefinition((params) =>
      this.#dockerfile(params, null, async (open) => (await navigation()).definition(open, params.position)),
    );
    connection.onTypeDefinition((params) =>
      this.#dockerfile(params, null, async (open) => (await navigation()).typeDefinition(open, params.position)),
    );
    connection.onReferences((params) =>
      this.#dockerfile(params, null, async (open) =>
        (await navigation()).references(open, params.position, params.context.includeDeclaration),
      ),
    );
    connection.onDocumentHighlight((params) =>
      this.#dockerfile(params, null, async (open) => (await navigation()).highlights(open, params.position)),
    );
    connection.onPrepareRename((params) =>
      this.#dockerfile(params, null, async (open) => (await navigation()).prepareRename(open, params.position)),
    );
    connection.onRenameRequest((params) =>
      this.#dockerfile(params, null, async (open) => {
        const edits = (await navigation()).rename(open, params.position, params.newName);
        return { changes: { [open.uri]: edits } };
      }),
    );
    connection.languages.onLinkedEditingRange((params) =>
      this.#dockerfile(params, null, async (open) => (await navigation()).linkedEditing(open, params.position)),
    );
  }

  #answerDecoration(): void {
    const connection = this.#connection;
    const structure = () => import('./features/structure.ts');
    connection.onDocumentSymbol((params) =>
      this.#dockerfile(params, null, async (open) => (await structure()).documentSymbols(open)),
    );
    connection.onWorkspaceSymbol(async ({ query }) =>
      (await structure()).workspaceSymbols(this.#documents.values(), query),
    );
    connection.onFoldingRanges((params) =>
      this.#dockerfile(params, null, async (open) => (await structure()).foldingRanges(open)),
    );
    connection.onSelectionRanges((params) =>
      this.#dockerfile(params, null, async (open) => (await structure()).selectionRanges(open, params.positions)),
    );
    connection.onDocumentLinks((params) =>
      this.#dockerfile(params, null, async (open) => (await import('./features/links.ts')).documentLinks(open, this)),
    );
    connection.onCodeLens(async (params, token) => {
      const open = this.#documents.get(params.textDocument.uri);
      if (open === undefined || !this.settings.codeLens) return null;
      if (open.kind === 'dockerignore') {
        return (await import('./features/ignore_file.ts')).ignoreLenses(open, signalOf(token));
      }
      const known = [commands.buildStage, commands.runStage].every((name) => this.#client.commands.includes(name));
      return known ? (await import('./features/lenses.ts')).codeLenses(open) : null;
    });
    connection.languages.inlayHint.on((params) =>
      this.#dockerfile(params, null, async (open) => this.#hints(open, params.range)),
    );
    this.#answerTokens();
  }

  async #hints(open: OpenDocument, range: Range) {
    const { variableHints } = await import('./features/lenses.ts');
    return this.settings.inlayHints.variables ? variableHints(open, range) : [];
  }

  #answerTokens(): void {
    const { semanticTokens } = this.#connection.languages;
    semanticTokens.on(async ({ textDocument }) => {
      const open = this.#documents.get(textDocument.uri);
      if (open === undefined) return { data: [] };
      if (open.kind === 'dockerignore') return (await import('./features/ignore_file.ts')).ignoreTokens(open);
      return (await this.#tokenProvider()).full(open);
    });
    semanticTokens.onDelta(async ({ textDocument, previousResultId }) => {
      const open = this.#documents.get(textDocument.uri);
      if (open === undefined || open.kind !== 'dockerfile') return { data: [] };
      return (await this.#tokenProvider()).delta(open, previousResultId);
    });
    semanticTokens.onRange(async ({ textDocument, range }) => {
      const open = this.#documents.get(textDocument.uri);
      if (open === undefined || open.kind !== 'dockerfile') return { data: [] };
      return (await this.#tokenProvider()).range(open, range);
    });
  }
}

function rootsOf(params: InitializeParams): string[] {
  const uris = params.workspaceFolders?.map(({ uri }) => uri) ?? (params.rootUri == null ? [] : [params.rootUri]);
  const paths = uris.flatMap((uri) => (uri.startsWith('file:///') ? [fileURLToPath(uri).replace(/\/$/, '')] : []));
  return paths.sort((a, b) => b.length - a.length);
}

/** The protocol's cancellation as an AbortSignal. */
function signalOf(token: CancellationToken): AbortSignal {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  else token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}
