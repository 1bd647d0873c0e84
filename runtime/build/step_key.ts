// What a step's result depends on, as one digest: the layers below, the command with its environment and mounts, the content of
// the files it takes. Secrets and agent sockets count by name only.
import { createHash } from 'node:crypto';
import type { BuildRequest } from '../protocol/build.ts';
import type { Digest } from '../store/digest.ts';
import type { StepInputs } from './cache.ts';
import type { Taken } from './known_selections.ts';
import type { SourceTree } from './selection.ts';
import type { FileSource, RunMount, Step } from './steps.ts';
import { type FileDigests, walkTree } from './tree.ts';

/** Raised when a step's result changes for the same inputs: old records don't count then. */
const generation = 2;

export interface StepKey {
  readonly digest: Digest;
  readonly inputs: StepInputs;
}

export interface KeyMaterial {
  /** What a COPY takes from a context. */
  readonly taken: Taken | undefined;
  /** Topmost layers of the stages that the step takes files from, by the stage's name. */
  readonly sources: Readonly<Record<string, Digest | undefined>>;
  readonly digests: FileDigests;
  /** The tree of a context; undefined for stages and images. */
  trees(source: FileSource): SourceTree | undefined;
  readonly request: BuildRequest;
  readonly clampTime: number | undefined;
}

export async function stepKey(step: Step, parent: Digest | undefined, material: KeyMaterial): Promise<StepKey> {
  const bound: Record<string, string> = {};
  const described = await describe(step, material, bound);
  const { taken } = material;
  const text = JSON.stringify([
    generation,
    parent ?? null,
    step.stage.platform.architecture,
    described,
    material.sources,
    Object.entries(bound),
    taken?.digest ?? null,
    material.clampTime ?? null,
  ]);
  const args = step.operation.kind === 'run' ? Object.fromEntries(step.operation.env.map(splitVariable)) : {};
  return {
    digest: `sha256:${createHash('sha256').update(text).digest('hex')}`,
    inputs: { text: step.text, args, files: taken?.files ?? bound },
  };
}

async function describe(step: Step, material: KeyMaterial, files: Record<string, string>): Promise<unknown> {
  const { operation } = step;
  switch (operation.kind) {
    case 'workdir':
      return operation;
    case 'fetch':
      return operation;
    case 'copy': {
      const { from, ...rest } = operation;
      return { ...rest, from: sourceName(from) };
    }
    case 'run': {
      const { mounts, ...rest } = operation;
      for (const mount of mounts) await describeContext(mount, material, files);
      const { AddHosts = [], ShmSize } = material.request;
      return { ...rest, mounts: mounts.map(describeMount), AddHosts, ShmSize };
    }
  }
}

function describeMount(mount: RunMount): unknown {
  if (mount.type !== 'bind' && mount.type !== 'cache') return mount;
  return { ...mount, from: mount.from === undefined ? undefined : sourceName(mount.from) };
}

/** A bind of the context counts with every file that it shows. */
async function describeContext(mount: RunMount, material: KeyMaterial, files: Record<string, string>): Promise<void> {
  if (mount.type !== 'bind') return;
  const tree = material.trees(mount.from);
  if (tree === undefined) return;
  const prefix = mount.source.replace(/^\/+|\/+$/g, '');
  const start = prefix === '.' ? '' : prefix;
  for await (const entry of walkTree(tree.root, '', tree.ignore)) {
    if (start !== '' && entry.path !== start && !entry.path.startsWith(`${start}/`)) continue;
    files[`${mount.target}:${entry.path}`] =
      `${entry.kind} ${entry.mode.toString(8)} ${await material.digests.digest(entry)}`;
  }
}

function sourceName(source: FileSource): string {
  if (source.kind === 'context') return `context:${source.name}`;
  return source.kind === 'stage' ? `stage:${source.stage.name}` : `image:${source.record.id}`;
}

function splitVariable(text: string): [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Where a step stands, to compare it with the last build of the same file. */
export function placeOf(file: string, step: Step): string {
  return [file, step.stage.name, step.stage.steps.indexOf(step)].join('/');
}
