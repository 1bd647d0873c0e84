// What every command works with, and how commands get at their targets: the rows that were clicked, or a pick.
import * as vscode from 'vscode';
import type { Client } from '../../runtime/protocol/client.ts';
import type { ContainerSummary } from '../../runtime/protocol/container_views.ts';
import { isEngineError } from '../../runtime/protocol/errors.ts';
import { type Activity, errorMessage, isCancelled } from '../activity.ts';
import type { Engine } from '../engine.ts';
import type { RecordKind, Records, RecordTypes } from '../records.ts';
import { recordId } from '../records.ts';
import { ContainerRow } from '../views/container_rows.ts';
import { containerName } from '../views/grouping.ts';
import { RecordRow } from '../views/record_view.ts';
import type { Row } from '../views/row.ts';
import { imageName } from '../views/styles.ts';
import type { ViewFilter } from '../views/view_filter.ts';

export interface App {
  readonly context: vscode.ExtensionContext;
  readonly engine: Engine;
  readonly records: Records;
  readonly activity: Activity;
  readonly filter: ViewFilter;
  /** The rows that are selected in the view of a kind; a view enters its own. */
  readonly selections: Map<RecordKind, () => Promise<readonly Row[]>>;
  readonly log: vscode.LogOutputChannel;
}

/**
 * A command's arguments as the editor gives them: the row clicked and all rows selected; `selection` from a key, as the manifest
 * says, for the editor tells nothing then; or nothing from the palette.
 */
export type Handler = (app: App, first: unknown, all: unknown) => Promise<void>;

/** Registers handlers by command; what they throw is shown once, with the way out where the engine knows one. */
export function registerCommands(app: App, handlers: Readonly<Record<string, Handler>>): vscode.Disposable {
  const registered = Object.entries(handlers).map(([id, handler]) =>
    vscode.commands.registerCommand(id, async (first: unknown, all: unknown) => {
      try {
        await handler(app, first, all);
      } catch (error) {
        if (!isCancelled(error)) await showError(app, error);
      }
    }),
  );
  return vscode.Disposable.from(...registered);
}

export async function showError(app: App, error: unknown): Promise<void> {
  app.log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const remedy =
    isEngineError(error) && error.remedy !== undefined ? ` ${vscode.l10n.t('Way out:')} ${error.remedy}` : '';
  const log = vscode.l10n.t('Show Engine Log');
  const answer = await vscode.window.showErrorMessage(`${errorMessage(error)}${remedy}`, log);
  if (answer === log) app.log.show();
}

/** Ids of the rows of a kind that a command was called on. */
async function clickedIds(app: App, kind: RecordKind, first: unknown, all: unknown): Promise<string[]> {
  const given = Array.isArray(all) && all.length > 0 ? all : [first];
  const rows = first === 'selection' ? ((await app.selections.get(kind)?.()) ?? []) : given;
  const ids = rows.flatMap((row: unknown) => {
    if (kind === 'container') return row instanceof ContainerRow ? [row.containerId] : [];
    return row instanceof RecordRow && row.kind === kind ? [row.id] : [];
  });
  return [...new Set(ids)];
}

export interface TargetOptions<K extends RecordKind> {
  /** What the pick asks when no row was clicked. */
  question: string;
  /** Which records make sense for the command. */
  only?: (record: RecordTypes[K]) => boolean;
}

/** The records to work on: those clicked that make sense, or those picked. Empty when a person gave up. */
export async function targets<K extends RecordKind>(
  app: App,
  kind: K,
  first: unknown,
  all: unknown,
  options: TargetOptions<K>,
): Promise<RecordTypes[K][]> {
  const only = options.only ?? (() => true);
  const ids = await clickedIds(app, kind, first, all);
  const clicked = ids.flatMap((id) => app.records.get(kind, id) ?? []);
  if (clicked.length > 0) return clicked.filter(only);
  const picked = await pickRecord(app, kind, options);
  return picked === undefined ? [] : [picked];
}

/** As `targets`, for commands that work on one record. */
export async function target<K extends RecordKind>(
  app: App,
  kind: K,
  first: unknown,
  options: TargetOptions<K>,
): Promise<RecordTypes[K] | undefined> {
  return (await targets(app, kind, first, undefined, options))[0];
}

async function pickRecord<K extends RecordKind>(
  app: App,
  kind: K,
  options: TargetOptions<K>,
): Promise<RecordTypes[K] | undefined> {
  await app.engine.client();
  const records = app.records.all(kind).filter(options.only ?? (() => true));
  if (records.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('There is nothing that this command could work on.'));
    return undefined;
  }
  const items = records.map((record) => ({ ...describeRecord(kind, record), record }));
  return (await vscode.window.showQuickPick(items, { title: options.question, matchOnDescription: true }))?.record;
}

/** The name that a person knows a record by. */
export function recordName<K extends RecordKind>(kind: K, record: RecordTypes[K]): string {
  return describeRecord(kind, record).label;
}

function describeRecord<K extends RecordKind>(kind: K, record: RecordTypes[K]): { label: string; description: string } {
  // The kind says which record it is; the checker can't follow that through a type parameter.
  const some = record as RecordTypes[RecordKind];
  if (kind === 'container') {
    const container = some as ContainerSummary;
    return { label: containerName(container), description: `${container.Image} · ${container.State}` };
  }
  if (kind === 'image') return { label: imageName(some as RecordTypes['image']), description: '' };
  const named = some as RecordTypes['volume'] | RecordTypes['network'];
  return { label: named.Name, description: named.Driver };
}

/** Does the same to every record, all at once; each row shows its own progress and failure, the first failure is thrown. */
export async function forEach<K extends RecordKind>(
  app: App,
  kind: K,
  records: readonly RecordTypes[K][],
  label: string,
  work: (client: Client, record: RecordTypes[K]) => Promise<unknown>,
): Promise<void> {
  if (records.length === 0) return;
  const client = await app.engine.client();
  const results = await Promise.allSettled(
    records.map((record) => app.activity.run(recordId(kind, record), label, () => work(client, record))),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** Asks once before something goes that can't be brought back. `names` are listed, the first twenty in full. */
export async function confirmRemoval(question: string, names: readonly string[], button: string): Promise<boolean> {
  if (!vscode.workspace.getConfiguration('slipway').get('confirmRemove', true)) return true;
  const shown = names.slice(0, 20).join('\n');
  const more = names.length > 20 ? `\n${vscode.l10n.t('and {0} more', names.length - 20)}` : '';
  const detail = `${shown}${more}\n\n${vscode.l10n.t('This can’t be undone.')}`;
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, button)) === button;
}

/** Long work with a notification that shows figures and can be called off. */
export async function withProgress<T>(
  title: string,
  work: (report: (message: string, fraction?: number) => void, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (progress, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort());
      let done = 0;
      const report = (message: string, fraction?: number): void => {
        const increment = fraction === undefined ? 0 : Math.max(0, fraction * 100 - done);
        done += increment;
        progress.report({ message, increment });
      };
      return await work(report, abort.signal);
    },
  );
}

/** In an untrusted workspace, what runs code asks first. */
export async function confirmTrust(what: string): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true;
  const proceed = vscode.l10n.t('Go On');
  const detail = vscode.l10n.t(
    'This workspace is not trusted: its files can make a build or a container do anything that you may do.',
  );
  return (await vscode.window.showWarningMessage(what, { modal: true, detail }, proceed)) === proceed;
}
