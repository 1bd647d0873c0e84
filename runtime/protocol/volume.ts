// Volumes: directories that outlive containers. Driver `local`, options type, device, o as mount(8) takes them.
import { Type } from 'typebox';
import { call, filters, flag, optionalText, params, stream, text, textMap } from './method.ts';

/** Also the row of a list. Events carry it as `Record`. */
export interface Volume {
  Name: string;
  Driver: string;
  Mountpoint: string;
  CreatedAt: string;
  Labels: Record<string, string>;
  Scope: 'local';
  Options: Record<string, string>;
  Status?: Record<string, string>;
  /** Bytes and references; -1: not computed (only `system.diskUsage` and inspect with Size do). */
  UsageData?: { Size: number; RefCount: number };
}

export const volumeMethods = {
  'volume.list': call<{ Volumes: Volume[]; Warnings: string[] }>()({
    summary: 'Lists volumes. Filters: dangling driver label name.',
    params: params({ Filters: filters() }),
  }),
  'volume.inspect': call<Volume>()({
    summary: 'One volume.',
    params: params({ Volume: text(), Size: flag() }),
    errors: ['NotFound'],
  }),
  'volume.create': call<Volume>()({
    summary: 'Creates a volume, or gives back the one with this name and driver.',
    params: params({
      Name: optionalText(),
      Driver: optionalText(),
      DriverOpts: Type.Optional(textMap()),
      Labels: Type.Optional(textMap()),
    }),
    errors: ['Conflict', 'Unsupported', 'ResourceExhausted'],
  }),
  'volume.remove': call<null>()({
    summary: 'Removes a volume that no container uses. Force: no error if there is none.',
    params: params({ Volume: text(), Force: flag() }),
    errors: ['NotFound', 'Conflict'],
  }),
  'volume.prune': call<{ VolumesDeleted: string[]; SpaceReclaimed: number }>()({
    summary: 'Removes unused anonymous volumes; with filter all=true named ones too. Filters: all label label!.',
    params: params({ Filters: filters() }),
  }),
  'volume.export': stream<null>()({
    summary: 'The content as a tar archive.',
    params: params({ Volume: text() }),
    errors: ['NotFound'],
  }),
  'volume.import': stream<null>()({
    summary: 'Unpacks the tar archive that the client writes into the volume.',
    params: params({ Volume: text() }),
    errors: ['NotFound', 'DataCorrupt', 'ResourceExhausted'],
  }),
} as const;
