// `RUN --mount`: its options with their defaults, as the Dockerfile reference documents them.
import { posix } from 'node:path';
import type { Instruction } from '../dockerfile/ast.ts';
import { type Mount, mountField, mountsOf } from '../dockerfile/mount.ts';
import { failureAt } from './failure.ts';
import type { InstructionScope } from './instructions.ts';
import type { RunMount } from './steps.ts';

export async function readMounts(scope: InstructionScope, instruction: Instruction): Promise<RunMount[]> {
  return await Promise.all(mountsOf(instruction).map((mount) => readMount(scope, instruction, mount)));
}

async function readMount(scope: InstructionScope, instruction: Instruction, mount: Mount): Promise<RunMount> {
  const fail = (message: string): never => {
    throw failureAt(scope.file, instruction, message, { span: mount.flag.span });
  };
  const text = (name: string): string | undefined => {
    const value = mountField(mount, name)?.value;
    return value === undefined ? undefined : scope.expand(value);
  };
  /** A bare key is true. */
  const flag = (name: string, otherwise: boolean): boolean => {
    const field = mountField(mount, name);
    if (field === undefined) return otherwise;
    return field.value === undefined || ['true', '1'].includes(field.value.toLowerCase());
  };
  const number = (name: string, otherwise: number, base = 10): number => {
    const value = text(name);
    if (value === undefined) return otherwise;
    const parsed = Number.parseInt(value, base);
    return Number.isNaN(parsed) ? fail(`invalid value ${value} for ${name}`) : parsed;
  };
  const target = (otherwise?: string): string => {
    const path = text('target') ?? otherwise ?? fail('target is required');
    return posix.resolve(scope.state.workingDirectory, path);
  };
  const from = text('from');
  switch (mount.type ?? fail(`unsupported mount type "${text('type')}"`)) {
    case 'bind':
      return {
        type: 'bind',
        from: from === undefined ? { kind: 'context', name: '' } : await scope.source(from),
        source: text('source') ?? '/',
        target: target(),
        writable: flag('readwrite', false) || !flag('readonly', true),
      };
    case 'cache': {
      const path = target();
      const sharing = text('sharing') ?? 'shared';
      return {
        type: 'cache',
        id: text('id') ?? path,
        target: path,
        sharing: sharing === 'private' || sharing === 'locked' ? sharing : 'shared',
        from: from === undefined ? undefined : await scope.source(from),
        source: text('source') ?? '/',
        readonly: flag('readonly', false),
        mode: number('mode', 0o755, 8),
        uid: number('uid', 0),
        gid: number('gid', 0),
      };
    }
    case 'tmpfs': {
      const size = text('size');
      return { type: 'tmpfs', target: target(), size: size === undefined ? undefined : parseBytes(size) };
    }
    case 'secret': {
      const env = text('env');
      const id = text('id') ?? posix.basename(text('target') ?? fail('id or target is required for a secret'));
      // With env and no target of its own the secret is a variable only.
      const isFile = env === undefined || text('target') !== undefined;
      return {
        type: 'secret',
        id,
        target: isFile ? target(`/run/secrets/${id}`) : undefined,
        env,
        required: flag('required', false),
        mode: number('mode', 0o400, 8),
        uid: number('uid', 0),
        gid: number('gid', 0),
      };
    }
    case 'ssh': {
      const id = text('id') ?? 'default';
      return {
        type: 'ssh',
        id,
        target: target('/run/buildkit/ssh_agent.0'),
        required: flag('required', false),
        mode: number('mode', 0o600, 8),
        uid: number('uid', 0),
        gid: number('gid', 0),
      };
    }
    default:
      return fail('unsupported mount type');
  }
}

function parseBytes(text: string): number {
  const match = /^(\d+)\s*([kmgt]?)i?b?$/i.exec(text);
  if (match === null) return 0;
  return Number(match[1]) * 1024 ** ['', 'k', 'm', 'g', 't'].indexOf((match[2] ?? '').toLowerCase());
}
