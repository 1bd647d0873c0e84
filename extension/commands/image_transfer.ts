// Pull, push, save, load and import: long work with bytes and layers as its figures.
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import * as vscode from 'vscode';
import type { TransferProgress } from '../../runtime/protocol/image.ts';
import { formatBytes } from '../views/format.ts';
import { imageName } from '../views/styles.ts';
import { type App, type Handler, target, targets, withProgress } from './app.ts';
import { countBytes, saveTarget } from './container_files.ts';

export const imageTransferCommands: Readonly<Record<string, Handler>> = {
  'slipway.image.pull': async (app) => {
    const reference = await askReference(app);
    if (reference !== undefined) await pullImage(app, reference);
  },

  'slipway.image.push': async (app, first) => {
    const image = await target(app, 'image', first, {
      question: vscode.l10n.t('Push which image?'),
      only: ({ RepoTags }) => RepoTags.length > 0,
    });
    if (image === undefined) return;
    const Reference =
      image.RepoTags.length === 1
        ? image.RepoTags[0]
        : await vscode.window.showQuickPick(image.RepoTags, { title: vscode.l10n.t('Push which name?') });
    if (Reference === undefined) return;
    await withProgress(vscode.l10n.t('Pushing {0}', Reference), async (report, signal) => {
      const client = await app.engine.client();
      const onProgress = transferReporter(report);
      await app.activity.run(image.Id, vscode.l10n.t('pushing…'), () =>
        client.call('image.push', { Reference }, { signal, onProgress }),
      );
    });
  },

  'slipway.image.save': async (app, first, all) => {
    const images = await targets(app, 'image', first, all, { question: vscode.l10n.t('Save which image?') });
    const [image] = images;
    if (image === undefined) return;
    const file = await saveTarget(`${imageName(image)}.tar`);
    if (file === undefined) return;
    await withProgress(vscode.l10n.t('Saving {0}', images.map(imageName).join(', ')), async (report, signal) => {
      const client = await app.engine.client();
      const Images = images.map(({ RepoTags, Id }) => RepoTags[0] ?? Id);
      const { socket, outcome } = await client.stream('image.save', { Images }, { signal });
      await pipeline(socket, countBytes(report), createWriteStream(file.fsPath), { signal });
      await outcome;
    });
  },

  'slipway.image.load': async (app) => {
    const file = await openArchive();
    if (file === undefined) return;
    const loaded = await withProgress(vscode.l10n.t('Loading {0}', file.fsPath), async (report, signal) => {
      const client = await app.engine.client();
      const { socket, outcome } = await client.stream(
        'image.load',
        {},
        { signal, onProgress: transferReporter(report) },
      );
      await pipeline(createReadStream(file.fsPath), countBytes(report), socket, { signal });
      return await outcome;
    });
    const names = loaded.Images.flatMap(({ References, Id }) => (References.length > 0 ? References : [Id]));
    void vscode.window.showInformationMessage(vscode.l10n.t('Loaded {0}.', names.join(', ')));
  },

  'slipway.image.import': async (app) => {
    const file = await openArchive();
    if (file === undefined) return;
    const Reference = await vscode.window.showInputBox({ title: vscode.l10n.t('Name and tag of the image') });
    if (Reference === undefined) return;
    await withProgress(vscode.l10n.t('Importing {0}', file.fsPath), async (report, signal) => {
      const client = await app.engine.client();
      const request = Reference === '' ? {} : { Reference };
      const { socket, outcome } = await client.stream('image.import', request, { signal });
      await pipeline(createReadStream(file.fsPath), countBytes(report), socket, { signal });
      return await outcome;
    });
  },
};

/** Pulls with the layers' own figures; can be called off. */
export async function pullImage(app: App, reference: string): Promise<void> {
  await withProgress(vscode.l10n.t('Pulling {0}', reference), async (report, signal) => {
    const client = await app.engine.client();
    await client.call('image.pull', { Reference: reference }, { signal, onProgress: transferReporter(report) });
  });
}

/** Asks for a reference; after the colon the registry's tags are offered while a person types. */
async function askReference(app: App): Promise<string | undefined> {
  const pick = vscode.window.createQuickPick();
  pick.title = vscode.l10n.t('Pull which image?');
  pick.placeholder = 'registry.example.com/name:tag';
  const known = new Map<string, Promise<string[]>>();
  pick.onDidChangeValue(async (value) => {
    const typed = { label: value, alwaysShow: true };
    const [, repository] = value.match(/^(.+):[^/]*$/) ?? [];
    pick.items = [typed];
    if (repository === undefined) return;
    if (!known.has(repository)) {
      const client = await app.engine.client();
      // A registry that can't be asked offers nothing: the person types on.
      known.set(
        repository,
        client.call('registry.tags', { Repository: repository }).catch(() => []),
      );
    }
    const tags = await known.get(repository);
    if (pick.value !== value || tags === undefined) return;
    const items = tags.map((tag) => ({ label: `${repository}:${tag}` })).filter(({ label }) => label !== value);
    pick.items = [typed, ...items];
  });
  return await new Promise((resolve) => {
    pick.onDidAccept(() => {
      const reference = (pick.activeItems[0]?.label ?? pick.value).trim();
      resolve(reference === '' ? undefined : reference);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}

async function openArchive(): Promise<vscode.Uri | undefined> {
  const files = await vscode.window.showOpenDialog({
    filters: { Archive: ['tar', 'gz', 'tgz', 'zst'] },
    openLabel: vscode.l10n.t('Load'),
  });
  return files?.[0];
}

/** Adds up the layers' figures: bytes so far of bytes in all. */
function transferReporter(report: (message: string, fraction?: number) => void): (progress: TransferProgress) => void {
  const layers = new Map<string, { current: number; total: number }>();
  return ({ Id, Status, Current, Total }) => {
    if (Id === undefined) {
      report(Status);
      return;
    }
    const layer = layers.get(Id) ?? { current: 0, total: 0 };
    if (Total !== undefined) layer.total = Math.max(layer.total, Total);
    if (Current !== undefined) layer.current = Math.max(layer.current, Current);
    layers.set(Id, layer);
    let [current, total] = [0, 0];
    for (const one of layers.values()) {
      current += one.current;
      total += one.total;
    }
    const figures = vscode.l10n.t('{0} of {1}, {2} layers', formatBytes(current), formatBytes(total), layers.size);
    report(`${Status}: ${figures}`, total > 0 ? current / total : undefined);
  };
}
