// The local driver's options: what mount(8) would be given (`--opt type=nfs --opt o=addr=10.0.0.1,rw --opt device=:/export`).
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Mount } from '../native/mount.ts';
import { EngineError } from '../protocol/errors.ts';

const known = ['type', 'o', 'device', 'size'];

/** Throws InvalidArgument for options that no mount can come of. */
export function checkVolumeOptions(options: Readonly<Record<string, string>>): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new EngineError(
      'InvalidArgument',
      `invalid option "${unknown}" for the local driver; known are ${known.join(', ')}`,
    );
  if (options['type'] === undefined && options['device'] === undefined && options['o'] === undefined) {
    if (options['size'] !== undefined)
      throw new EngineError(
        'InvalidArgument',
        'invalid option "size": quotas need a mount of their own; use type=tmpfs with o=size=…',
      );
    return;
  }
  for (const key of ['type', 'device'])
    if (!options[key]) throw new EngineError('InvalidArgument', `missing required option: "${key}"`);
  if (isBind(options) && !options['device']?.startsWith('/'))
    throw new EngineError('InvalidArgument', `invalid option "device": ${options['device']} is not an absolute path`);
}

function listOf(o: string | undefined): string[] {
  return (o ?? '').split(',').filter((option) => option !== '');
}

function isBind(options: Readonly<Record<string, string>>): boolean {
  return listOf(options['o']).some((option) => option === 'bind' || option === 'rbind');
}

export function needsMount(options: Readonly<Record<string, string>>): boolean {
  return options['type'] !== undefined;
}

/** NFS in the kernel takes addresses only: a server's name is resolved here. */
async function resolveServer(option: string): Promise<string> {
  const host = /^addr=(.+)$/.exec(option)?.[1];
  if (host === undefined || isIP(host) !== 0) return option;
  return `addr=${(await lookup(host)).address}`;
}

export async function mountFor(options: Readonly<Record<string, string>>, target: string): Promise<Mount> {
  const list = listOf(options['o']);
  const source = options['device'] ?? '';
  if (isBind(options)) {
    const type = list.includes('rbind') ? 'rbind' : 'bind';
    return { type, source, target, options: list.filter((option) => option !== 'bind' && option !== 'rbind') };
  }
  const type = options['type'] ?? '';
  const resolved = /^nfs4?$|^cifs$/.test(type) ? await Promise.all(list.map(resolveServer)) : list;
  return {
    type,
    source,
    target,
    options: [...resolved, ...(options['size'] === undefined ? [] : [`size=${options['size']}`])],
  };
}
