// Commands on images other than moving and building them.
import * as vscode from 'vscode';
import type { Documents } from '../documents.ts';
import { textTable } from '../documents.ts';
import { fileUri } from '../files/uris.ts';
import { emptyRunOptions } from '../run/options.ts';
import { openRunForm } from '../run/panel.ts';
import { optionsOf, runImage } from '../run/run_image.ts';
import type { Terminals } from '../terminals/terminals.ts';
import { formatAge, formatBytes, shortId } from '../views/format.ts';
import { imageName } from '../views/styles.ts';
import { type App, confirmRemoval, forEach, type Handler, target, targets } from './app.ts';
import { addFolder } from './container_files.ts';

/** The image's name, from the row or, for links and walkthroughs, from the argument itself. */
async function imageReference(app: App, first: unknown, question: string): Promise<string | undefined> {
  if (typeof first === 'string') return first;
  const image = await target(app, 'image', first, { question });
  return image === undefined ? undefined : (image.RepoTags[0] ?? image.Id);
}

export function imageCommands(terminals: Terminals, documents: Documents): Readonly<Record<string, Handler>> {
  return {
    'slipway.image.run': async (app, first) => {
      const image = await imageReference(app, first, vscode.l10n.t('Run which image?'));
      if (image === undefined) return;
      // The image that explains itself is read in a terminal; others run on their own.
      const interactive = image === 'slipway/hello';
      await runImage(app, terminals, { ...emptyRunOptions(image), interactive, removeOnExit: interactive });
    },

    'slipway.image.runInteractive': async (app, first) => {
      const image = await imageReference(app, first, vscode.l10n.t('Run which image?'));
      if (image === undefined) return;
      const removeOnExit = vscode.workspace.getConfiguration('slipway.run').get('removeOnExit', true);
      await runImage(app, terminals, { ...emptyRunOptions(image), interactive: true, removeOnExit });
    },

    'slipway.image.runWithOptions': async (app, first) => {
      const image = await imageReference(app, first, vscode.l10n.t('Run which image?'));
      if (image !== undefined) await openRunForm(app, terminals, image);
    },

    'slipway.container.runAgain': async (app, first) => {
      const container = await target(app, 'container', first, {
        question: vscode.l10n.t('Run which container again?'),
      });
      if (container === undefined) return;
      const client = await app.engine.client();
      const options = optionsOf(await client.call('container.inspect', { Container: container.Id }));
      await openRunForm(app, terminals, options.image, options);
    },

    'slipway.image.inspect': async (app, first, all) => {
      const images = await targets(app, 'image', first, all, { question: vscode.l10n.t('Inspect which image?') });
      const client = await app.engine.client();
      for (const image of images) {
        const name = imageName(image).replaceAll('/', '-');
        await documents.showJson(name, await client.call('image.inspect', { Image: image.Id }));
      }
    },

    'slipway.image.history': async (app, first) => {
      const image = await target(app, 'image', first, { question: vscode.l10n.t('History of which image?') });
      if (image === undefined) return;
      const client = await app.engine.client();
      const history = await client.call('image.history', { Image: image.Id });
      const rows = history.map(({ Id, Created, CreatedBy, Size, Comment }) => [
        shortId(Id),
        formatAge(Created * 1000, Date.now()),
        formatBytes(Size),
        CreatedBy,
        Comment,
      ]);
      const titles = [
        'ID',
        vscode.l10n.t('Created'),
        vscode.l10n.t('Size'),
        vscode.l10n.t('Created by'),
        vscode.l10n.t('Comment'),
      ];
      await documents.show(`${imageName(image).replaceAll('/', '-')}-history.txt`, textTable(titles, rows));
    },

    'slipway.image.browse': async (app, first) => {
      const image = await target(app, 'image', first, { question: vscode.l10n.t('Browse which image?') });
      if (image === undefined) return;
      const client = await app.engine.client();
      const { RootFS } = await client.call('image.inspect', { Image: image.Id });
      const layers = RootFS.Layers.map((digest, index) => ({
        label: vscode.l10n.t('Layer {0}', index + 1),
        description: shortId(digest),
        layer: index,
      }));
      const everything = { label: vscode.l10n.t('All layers as one tree'), description: '', layer: undefined };
      const chosen = await vscode.window.showQuickPick([everything, ...layers], {
        title: vscode.l10n.t('Browse what of {0}?', imageName(image)),
      });
      if (chosen === undefined) return;
      const root = { Image: image.Id, ...(chosen.layer === undefined ? {} : { Layer: chosen.layer }) };
      await addFolder(fileUri(root, '/'), `${imageName(image)} ${chosen.description}`.trim());
    },

    'slipway.image.tag': async (app, first) => {
      const image = await target(app, 'image', first, { question: vscode.l10n.t('Tag which image?') });
      if (image === undefined) return;
      const Reference = await vscode.window.showInputBox({
        title: vscode.l10n.t('One more name for {0}', imageName(image)),
        value: image.RepoTags[0] ?? '',
      });
      if (Reference === undefined || Reference === '') return;
      await forEach(app, 'image', [image], vscode.l10n.t('tagging…'), (client, { Id }) =>
        client.call('image.tag', { Image: Id, Reference }),
      );
    },

    'slipway.image.remove': async (app, first, all) => {
      const images = await targets(app, 'image', first, all, { question: vscode.l10n.t('Remove which image?') });
      if (images.length === 0) return;
      const question = vscode.l10n.t('Remove {0} images with all their names?', images.length);
      const names = images.flatMap((image) => (image.RepoTags.length > 0 ? image.RepoTags : [shortId(image.Id)]));
      if (!(await confirmRemoval(question, names, vscode.l10n.t('Remove')))) return;
      await forEach(app, 'image', images, vscode.l10n.t('removing…'), async (client, image) => {
        for (const name of image.RepoTags.length > 1 ? image.RepoTags : [image.Id]) {
          await client.call('image.remove', { Image: name });
        }
      });
    },

    'slipway.image.prune': async (app) => {
      const client = await app.engine.client();
      const dangling = vscode.l10n.t('Only images without a name');
      const unused = vscode.l10n.t('Every image that no container uses');
      const choice = await vscode.window.showQuickPick([dangling, unused], {
        title: vscode.l10n.t('Remove which images?'),
      });
      if (choice === undefined) return;
      const images = app.records.all('image').filter(({ RepoTags }) => choice === unused || RepoTags.length === 0);
      if (!(await confirmRemoval(`${choice}?`, images.map(imageName), vscode.l10n.t('Remove')))) return;
      const Filters = { dangling: [String(choice === dangling)] };
      const { ImagesDeleted, SpaceReclaimed } = await client.call('image.prune', { Filters });
      const count = ImagesDeleted.filter(({ Deleted }) => Deleted !== undefined).length;
      void vscode.window.showInformationMessage(
        vscode.l10n.t('Removed {0} images and layers, freed {1}.', count, formatBytes(SpaceReclaimed)),
      );
    },

    'slipway.image.copyDigest': async (app, first, all) => {
      const images = await targets(app, 'image', first, all, { question: vscode.l10n.t('Digest of which image?') });
      if (images.length === 0) return;
      await vscode.env.clipboard.writeText(images.map(({ RepoDigests, Id }) => RepoDigests[0] ?? Id).join('\n'));
    },
  };
}
