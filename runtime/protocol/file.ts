// Files of containers (running or stopped), volumes and image layers, for editors. A path is resolved inside its root only,
// whatever links say. Layers are read-only.
import { type Static, Type } from 'typebox';
import { call, containerRef, flag, optionalInteger, params, stream, text } from './method.ts';

const FileRootSchema = Type.Union([
  Type.Object({ Container: containerRef() }, { additionalProperties: false }),
  Type.Object({ Volume: text() }, { additionalProperties: false }),
  /** Layer: its number from the bottom, 0 first; absent: all layers as one tree. */
  Type.Object({ Image: text(), Layer: optionalInteger() }, { additionalProperties: false }),
]);
export type FileRoot = Static<typeof FileRootSchema>;

export interface FileStat {
  Name: string;
  Type: 'file' | 'directory' | 'link' | 'other';
  /** Bytes. */
  Size: number;
  /** Permission bits. */
  Mode: number;
  Uid: number;
  Gid: number;
  /** Milliseconds since the epoch. */
  Mtime: number;
  Ctime: number;
  /** Where a link points, as written. */
  Target?: string;
  /** For a link: the type of what it leads to, absent if nothing. */
  TargetType?: 'file' | 'directory' | 'other';
}

const at = { Root: FileRootSchema, Path: text() };
const writeErrors = ['NotFound', 'AlreadyExists', 'PermissionDenied', 'Conflict', 'ResourceExhausted'] as const;

export const fileMethods = {
  'file.stat': call<FileStat>()({
    summary: 'One entry; a link is not followed.',
    params: params(at),
    errors: ['NotFound'],
  }),
  'file.list': call<FileStat[]>()({
    summary: "A directory's entries.",
    params: params(at),
    errors: ['NotFound', 'Conflict'],
  }),
  'file.read': stream<null>()({ summary: "A file's bytes.", params: params(at), errors: ['NotFound', 'Conflict'] }),
  'file.write': stream<FileStat>()({
    summary:
      'Writes what the client sends: to a new name first, then in place of the old file, with its owner and mode.',
    params: params({ ...at, Create: flag(), Overwrite: flag() }),
    errors: writeErrors,
  }),
  'file.createDirectory': call<null>()({ summary: 'Makes a directory.', params: params(at), errors: writeErrors }),
  'file.remove': call<null>()({
    summary: 'Removes a file, or a directory (Recursive: with what is in it).',
    params: params({ ...at, Recursive: flag() }),
    errors: writeErrors,
  }),
  'file.rename': call<null>()({
    summary: 'Moves within one root.',
    params: params({ ...at, To: text(), Overwrite: flag() }),
    errors: writeErrors,
  }),
  'file.copy': call<null>()({
    summary: 'Copies within one root.',
    params: params({ ...at, To: text(), Overwrite: flag() }),
    errors: writeErrors,
  }),
} as const;
