// Files of containers, volumes and image layers as a file system of the editor's: opened, edited, searched, dragged.
import { buffer } from 'node:stream/consumers';
import * as vscode from 'vscode';
import { isEngineError } from '../../runtime/protocol/errors.ts';
import type { FileStat } from '../../runtime/protocol/file.ts';
import type { Engine } from '../engine.ts';
import { isReadOnly, parseFileUri } from './uris.ts';

/** How often a watched file or directory is looked at: the engine has no events for what happens inside a container. */
const watchInterval = 2000;

export class ContainerFileSystem implements vscode.FileSystemProvider, vscode.Disposable {
  readonly #engine: Engine;
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.#changed.event;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  watch(uri: vscode.Uri): vscode.Disposable {
    let last: string | undefined;
    let busy = false;
    const look = async (): Promise<void> => {
      if (busy) return;
      busy = true;
      const now = await this.stat(uri).then(
        ({ mtime, size }) => `${mtime} ${size}`,
        () => '',
      );
      busy = false;
      if (last !== undefined && now !== last) {
        const type =
          now === ''
            ? vscode.FileChangeType.Deleted
            : last === ''
              ? vscode.FileChangeType.Created
              : vscode.FileChangeType.Changed;
        this.#changed.fire([{ type, uri }]);
      }
      last = now;
    };
    void look();
    const timer = setInterval(() => void look(), watchInterval);
    return new vscode.Disposable(() => clearInterval(timer));
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { root: Root, path: Path } = parseFileUri(uri);
    const stat = await this.#guarded(uri, async () => (await this.#engine.client()).call('file.stat', { Root, Path }));
    return {
      type: fileType(stat),
      ctime: stat.Ctime,
      mtime: stat.Mtime,
      size: stat.Size,
      ...(isReadOnly(uri) ? { permissions: vscode.FilePermission.Readonly } : {}),
    };
  }

  async readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    const { root: Root, path: Path } = parseFileUri(uri);
    const entries = await this.#guarded(uri, async () =>
      (await this.#engine.client()).call('file.list', { Root, Path }),
    );
    return entries.map((entry) => [entry.Name, fileType(entry)]);
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const { root: Root, path: Path } = parseFileUri(uri);
    return await this.#guarded(uri, async () => {
      const client = await this.#engine.client();
      const { socket, outcome } = await client.stream('file.read', { Root, Path });
      const bytes = await buffer(socket);
      await outcome;
      return bytes;
    });
  }

  async writeFile(
    uri: vscode.Uri,
    content: Uint8Array,
    options: { create: boolean; overwrite: boolean },
  ): Promise<void> {
    const { root: Root, path: Path } = this.#writable(uri);
    await this.#guarded(uri, async () => {
      const client = await this.#engine.client();
      const { socket, outcome } = await client.stream('file.write', {
        Root,
        Path,
        Create: options.create,
        Overwrite: options.overwrite,
      });
      socket.end(content);
      await outcome;
    });
    this.#changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
  }

  async createDirectory(uri: vscode.Uri): Promise<void> {
    const { root: Root, path: Path } = this.#writable(uri);
    await this.#guarded(uri, async () => (await this.#engine.client()).call('file.createDirectory', { Root, Path }));
    this.#changed.fire([{ type: vscode.FileChangeType.Created, uri }]);
  }

  async delete(uri: vscode.Uri, options: { recursive: boolean }): Promise<void> {
    const { root: Root, path: Path } = this.#writable(uri);
    await this.#guarded(uri, async () =>
      (await this.#engine.client()).call('file.remove', { Root, Path, Recursive: options.recursive }),
    );
    this.#changed.fire([{ type: vscode.FileChangeType.Deleted, uri }]);
  }

  async rename(from: vscode.Uri, to: vscode.Uri, options: { overwrite: boolean }): Promise<void> {
    const Root = this.#sameRoot(from, to);
    await this.#guarded(from, async () =>
      (await this.#engine.client()).call('file.rename', {
        Root,
        Path: parseFileUri(from).path,
        To: parseFileUri(to).path,
        Overwrite: options.overwrite,
      }),
    );
    this.#changed.fire([
      { type: vscode.FileChangeType.Deleted, uri: from },
      { type: vscode.FileChangeType.Created, uri: to },
    ]);
  }

  async copy(from: vscode.Uri, to: vscode.Uri, options: { overwrite: boolean }): Promise<void> {
    const Root = this.#sameRoot(from, to);
    await this.#guarded(from, async () =>
      (await this.#engine.client()).call('file.copy', {
        Root,
        Path: parseFileUri(from).path,
        To: parseFileUri(to).path,
        Overwrite: options.overwrite,
      }),
    );
    this.#changed.fire([{ type: vscode.FileChangeType.Created, uri: to }]);
  }

  #writable(uri: vscode.Uri): ReturnType<typeof parseFileUri> {
    if (isReadOnly(uri)) throw vscode.FileSystemError.NoPermissions(uri);
    return parseFileUri(uri);
  }

  /** Within one root the engine moves and copies by itself; between roots the editor reads and writes. */
  #sameRoot(from: vscode.Uri, to: vscode.Uri): ReturnType<typeof parseFileUri>['root'] {
    const { root } = this.#writable(to);
    if (JSON.stringify(parseFileUri(from).root) !== JSON.stringify(root)) {
      throw vscode.FileSystemError.Unavailable(vscode.l10n.t('Cannot move between containers: copy the file instead.'));
    }
    return root;
  }

  async #guarded<T>(uri: vscode.Uri, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isEngineError(error, 'NotFound')) throw vscode.FileSystemError.FileNotFound(uri);
      if (isEngineError(error, 'AlreadyExists')) throw vscode.FileSystemError.FileExists(uri);
      if (isEngineError(error, 'PermissionDenied')) throw vscode.FileSystemError.NoPermissions(error.message);
      if (isEngineError(error)) throw vscode.FileSystemError.Unavailable(error.message);
      throw error;
    }
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

function fileType(stat: FileStat): vscode.FileType {
  const types = {
    file: vscode.FileType.File,
    directory: vscode.FileType.Directory,
    other: vscode.FileType.Unknown,
  };
  if (stat.Type !== 'link') return types[stat.Type];
  return vscode.FileType.SymbolicLink | types[stat.TargetType ?? 'other'];
}
