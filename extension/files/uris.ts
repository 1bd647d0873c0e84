// Names of files inside containers, volumes and images: slipway://container/ID/etc/hosts, slipway://volume/NAME/…,
// slipway://image/ID/… (all layers as one tree), slipway://layer/NUMBER@ID/… (one layer, counted from the bottom).
import * as vscode from 'vscode';
import type { FileRoot } from '../../runtime/protocol/file.ts';

export const scheme = 'slipway';

export interface FileAddress {
  root: FileRoot;
  /** Absolute inside the root. */
  path: string;
}

export function fileUri(root: FileRoot, path: string): vscode.Uri {
  const [authority, name] =
    'Container' in root
      ? ['container', root.Container]
      : 'Volume' in root
        ? ['volume', root.Volume]
        : root.Layer === undefined
          ? ['image', root.Image]
          : ['layer', `${root.Layer}@${root.Image}`];
  return vscode.Uri.from({ scheme, authority, path: `/${name}${path.startsWith('/') ? path : `/${path}`}` });
}

/** @throws FileSystemError `FileNotFound` for a name that is none of ours. */
export function parseFileUri(uri: vscode.Uri): FileAddress {
  const [, name = '', ...rest] = uri.path.split('/');
  const path = `/${rest.join('/')}`;
  const root = parseRoot(uri.authority, name);
  if (root === undefined) throw vscode.FileSystemError.FileNotFound(uri);
  return { root, path };
}

function parseRoot(authority: string, name: string): FileRoot | undefined {
  if (name === '') return undefined;
  switch (authority) {
    case 'container':
      return { Container: name };
    case 'volume':
      return { Volume: name };
    case 'image':
      return { Image: name };
    case 'layer': {
      const [layer = '', image = ''] = name.split('@', 2);
      return /^\d+$/.test(layer) && image !== '' ? { Image: image, Layer: Number(layer) } : undefined;
    }
    default:
      return undefined;
  }
}

/** Images and their layers can't be written to. */
export function isReadOnly(uri: vscode.Uri): boolean {
  return uri.authority === 'image' || uri.authority === 'layer';
}
