// How images, volumes and networks look as rows.
import * as vscode from 'vscode';
import type { ImageSummary } from '../../runtime/protocol/image.ts';
import type { Engine } from '../engine.ts';
import { formatAge, formatBytes, shortId } from './format.ts';
import type { RecordStyle } from './record_view.ts';

/** The name that a person knows the image by; its short id where it has none. */
export function imageName(image: ImageSummary): string {
  return image.RepoTags[0] ?? image.RepoDigests[0]?.replace(/@.*/, '') ?? shortId(image.Id);
}

export function imageStyle(engine: Engine): RecordStyle<'image'> {
  const settings = () => vscode.workspace.getConfiguration('slipway.images');
  return {
    kind: 'image',
    viewId: 'slipway.images',
    text: (image) => [...image.RepoTags, ...image.RepoDigests, image.Id].join(' '),
    compare(a, b) {
      const sortBy = settings().get<string>('sortBy');
      if (sortBy === 'size') return b.Size - a.Size;
      if (sortBy === 'name') return imageName(a).localeCompare(imageName(b), undefined, { numeric: true });
      return b.Created - a.Created || a.Id.localeCompare(b.Id);
    },
    item(image) {
      const item = new vscode.TreeItem(imageName(image));
      item.contextValue = image.RepoTags.length > 0 ? 'image:tagged' : 'image:dangling';
      item.iconPath = new vscode.ThemeIcon(image.RepoTags.length > 0 ? 'package' : 'circle-slash');
      const parts: Record<string, string> = {
        id: shortId(image.Id),
        size: formatBytes(image.Size),
        created: formatAge(image.Created * 1000, Date.now()),
        platform: image.Manifests?.[0]?.ImageData?.Platform.architecture ?? '',
      };
      const more = image.RepoTags.length > 1 ? [`+${image.RepoTags.length - 1}`] : [];
      const shown = settings()
        .get<string[]>('description', [])
        .map((part) => parts[part] ?? '');
      item.description = [...more, ...shown].filter(Boolean).join(' · ');
      return item;
    },
    async tooltip(image) {
      const client = await engine.client();
      const details = await client.call('image.inspect', { Image: image.Id });
      return table(imageName(image), [
        ['Id', shortId(image.Id)],
        [vscode.l10n.t('Names'), image.RepoTags.join(', ')],
        [vscode.l10n.t('Digests'), image.RepoDigests.join(', ')],
        [vscode.l10n.t('Platform'), `${details.Os}/${details.Architecture}`],
        [vscode.l10n.t('Size'), formatBytes(image.Size)],
        [vscode.l10n.t('Created'), details.Created],
        [vscode.l10n.t('Layers'), String(details.RootFS.Layers.length)],
        [vscode.l10n.t('Command'), [...(details.Config.Entrypoint ?? []), ...(details.Config.Cmd ?? [])].join(' ')],
        [vscode.l10n.t('Ports'), Object.keys(details.Config.ExposedPorts ?? {}).join(', ')],
      ]);
    },
  };
}

export function volumeStyle(engine: Engine): RecordStyle<'volume'> {
  return {
    kind: 'volume',
    viewId: 'slipway.volumes',
    text: (volume) => `${volume.Name} ${volume.Driver}`,
    compare: (a, b) => a.Name.localeCompare(b.Name, undefined, { numeric: true }),
    item(volume) {
      // Anonymous volumes are named by 64 digits: twelve tell them apart.
      const item = new vscode.TreeItem(/^[0-9a-f]{64}$/.test(volume.Name) ? shortId(volume.Name) : volume.Name);
      item.description = `${volume.Driver} · ${formatAge(Date.parse(volume.CreatedAt), Date.now())}`;
      item.contextValue = 'volume';
      item.iconPath = new vscode.ThemeIcon('database');
      return item;
    },
    async tooltip(volume) {
      const client = await engine.client();
      const details = await client.call('volume.inspect', { Volume: volume.Name, Size: true });
      const use = details.UsageData;
      return table(volume.Name, [
        [vscode.l10n.t('Driver'), volume.Driver],
        [vscode.l10n.t('On disk'), volume.Mountpoint],
        [vscode.l10n.t('Size'), use === undefined || use.Size < 0 ? '' : formatBytes(use.Size)],
        [vscode.l10n.t('Used by'), use === undefined ? '' : vscode.l10n.t('{0} containers', use.RefCount)],
        [vscode.l10n.t('Created'), volume.CreatedAt],
      ]);
    },
  };
}

const predefined = new Set(['bridge', 'host', 'none']);

export function networkStyle(engine: Engine): RecordStyle<'network'> {
  return {
    kind: 'network',
    viewId: 'slipway.networks',
    text: (network) => `${network.Name} ${network.Driver} ${network.Id}`,
    compare: (a, b) => a.Name.localeCompare(b.Name, undefined, { numeric: true }),
    item(network) {
      const item = new vscode.TreeItem(network.Name);
      const subnets = network.IPAM.Config?.map((config) => config.Subnet).filter(Boolean) ?? [];
      item.description = [network.Driver, ...subnets].join(' · ');
      item.contextValue = predefined.has(network.Name) ? 'network:predefined' : 'network:user';
      item.iconPath = new vscode.ThemeIcon(network.Internal ? 'lock' : 'type-hierarchy');
      return item;
    },
    async tooltip(network) {
      const client = await engine.client();
      const details = await client.call('network.inspect', { Network: network.Id });
      const members = Object.values(details.Containers).map(
        ({ Name, IPv4Address, IPv6Address }) => `${Name} ${[IPv4Address, IPv6Address].filter(Boolean).join(' ')}`,
      );
      return table(network.Name, [
        ['Id', shortId(network.Id)],
        [vscode.l10n.t('Driver'), network.Driver],
        [vscode.l10n.t('Internal'), network.Internal ? vscode.l10n.t('yes') : vscode.l10n.t('no')],
        [vscode.l10n.t('Containers'), members.join(', ')],
        [vscode.l10n.t('Created'), network.Created],
      ]);
    },
  };
}

/** A heading and its facts; those without a value are left out. Values are shown as code: they may hold any characters. */
function table(title: string, facts: readonly [string, string][]): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  text.appendMarkdown('**').appendText(title).appendMarkdown('**\n\n');
  for (const [name, value] of facts) {
    if (value !== '') text.appendMarkdown(`- ${name}: `).appendText(value).appendMarkdown('\n');
  }
  return text;
}
