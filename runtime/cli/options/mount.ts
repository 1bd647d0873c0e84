// --mount: `type=bind,source=/a,target=/b,readonly`, comma-separated with CSV quoting.
import type { Mount } from '../../protocol/container_config.ts';
import { parseSize } from '../../protocol/size.ts';
import { UsageError } from '../parse.ts';

/** Fields of one CSV line; quotes protect commas. */
function splitCsv(line: string): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index];
    if (quoted && character === '"' && line[index + 1] === '"') {
      field += '"';
      index += 1;
    } else if (character === '"') quoted = !quoted;
    else if (character === ',' && !quoted) {
      fields.push(field);
      field = '';
    } else field += character;
  }
  return [...fields, field];
}

function truth(text: string, key: string): boolean {
  if (['', '1', 'true'].includes(text)) return true;
  if (['0', 'false'].includes(text)) return false;
  throw new UsageError(`invalid value for ${key}: ${text}`);
}

function mountType(text: string): Mount['Type'] {
  if (text === 'bind' || text === 'volume' || text === 'tmpfs' || text === 'image') return text;
  throw new UsageError(`mount type unknown: "${text}"`);
}

/** Throws `UsageError`. */
export function parseMount(text: string): Mount {
  const mount: Mount = { Type: 'volume', Target: '' };
  const labels: Record<string, string> = {};
  const driverOptions: Record<string, string> = {};
  for (const field of splitCsv(text)) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase().trim();
    const value = equals < 0 ? '' : field.slice(equals + 1);
    if (equals < 0 && !['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive', 'bind-create-src'].includes(key))
      throw new UsageError(`invalid field '${field}' must be a key=value pair`);
    assign(mount, labels, driverOptions, key, value, text);
  }
  if (Object.keys(labels).length > 0) mount.VolumeOptions = { ...mount.VolumeOptions, Labels: labels };
  if (Object.keys(driverOptions).length > 0)
    mount.VolumeOptions = {
      ...mount.VolumeOptions,
      DriverConfig: { ...mount.VolumeOptions?.DriverConfig, Options: driverOptions },
    };
  if (mount.Target === '') throw new UsageError('target is required');
  return mount;
}

function assign(
  mount: Mount,
  labels: Record<string, string>,
  driverOptions: Record<string, string>,
  key: string,
  value: string,
  whole: string,
): void {
  switch (key) {
    case 'type':
      mount.Type = mountType(value.toLowerCase());
      break;
    case 'source':
    case 'src':
      mount.Source = value;
      break;
    case 'target':
    case 'dst':
    case 'destination':
      mount.Target = value;
      break;
    case 'readonly':
    case 'ro':
      mount.ReadOnly = truth(value, key);
      break;
    case 'consistency':
      mount.Consistency = value;
      break;
    case 'bind-propagation':
      mount.BindOptions = { ...mount.BindOptions, Propagation: value };
      break;
    case 'bind-nonrecursive':
      mount.BindOptions = { ...mount.BindOptions, NonRecursive: truth(value, key) };
      break;
    case 'bind-create-src':
      mount.BindOptions = { ...mount.BindOptions, CreateMountpoint: truth(value, key) };
      break;
    case 'bind-recursive':
      if (value === 'disabled') mount.BindOptions = { ...mount.BindOptions, NonRecursive: true };
      break;
    case 'volume-nocopy':
      mount.VolumeOptions = { ...mount.VolumeOptions, NoCopy: truth(value, key) };
      break;
    case 'volume-subpath':
      mount.VolumeOptions = { ...mount.VolumeOptions, Subpath: value };
      break;
    case 'image-subpath':
      mount.ImageOptions = { Subpath: value };
      break;
    case 'volume-driver':
      mount.VolumeOptions = {
        ...mount.VolumeOptions,
        DriverConfig: { ...mount.VolumeOptions?.DriverConfig, Name: value },
      };
      break;
    case 'volume-label':
      labels[value.split('=', 1)[0] ?? ''] = value.slice(value.indexOf('=') + 1);
      break;
    case 'volume-opt':
      driverOptions[value.split('=', 1)[0] ?? ''] = value.slice(value.indexOf('=') + 1);
      break;
    case 'tmpfs-size':
      mount.TmpfsOptions = { ...mount.TmpfsOptions, SizeBytes: parseSize(value) };
      break;
    case 'tmpfs-mode':
      if (!/^[0-7]+$/.test(value)) throw new UsageError(`invalid value for ${key}: ${value}`);
      mount.TmpfsOptions = { ...mount.TmpfsOptions, Mode: Number.parseInt(value, 8) };
      break;
    default:
      throw new UsageError(`unexpected key '${key}' in '${whole}'`);
  }
}
