// Container Device Interface (CDI, github.com/cncf-tags/container-device-interface): files in which vendors describe what a
// container needs to use a device. A device is named `vendor.com/class=name`.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';
import type { HostConfig } from '../../protocol/container_config.ts';
import { EngineError } from '../../protocol/errors.ts';

const texts = Type.Optional(Type.Array(Type.String()));
const whole = Type.Optional(Type.Integer({ minimum: 0 }));

const DeviceNode = Type.Object({
  path: Type.String(),
  hostPath: Type.Optional(Type.String()),
  type: Type.Optional(Type.Enum(['b', 'c', 'u', 'p', ''])),
  major: Type.Optional(Type.Integer()),
  minor: Type.Optional(Type.Integer()),
  fileMode: whole,
  permissions: Type.Optional(Type.String({ pattern: '^[rwm]*$' })),
  uid: whole,
  gid: whole,
});

const Edits = Type.Object({
  env: texts,
  deviceNodes: Type.Optional(Type.Array(DeviceNode)),
  hooks: Type.Optional(
    Type.Array(
      Type.Object({
        hookName: Type.Enum([
          'prestart',
          'createRuntime',
          'createContainer',
          'startContainer',
          'poststart',
          'poststop',
        ]),
        path: Type.String(),
        args: texts,
        env: texts,
        timeout: whole,
      }),
    ),
  ),
  mounts: Type.Optional(
    Type.Array(
      Type.Object({
        hostPath: Type.String(),
        containerPath: Type.String(),
        options: texts,
        type: Type.Optional(Type.String()),
      }),
    ),
  ),
  additionalGids: Type.Optional(Type.Array(Type.Integer({ minimum: 0 }))),
});

const Spec = Type.Object({
  cdiVersion: Type.String(),
  kind: Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_.-]*/[A-Za-z][A-Za-z0-9_-]*$' }),
  devices: Type.Array(Type.Object({ name: Type.String(), containerEdits: Type.Optional(Edits) })),
  containerEdits: Type.Optional(Edits),
});

export type ContainerEdits = Static<typeof Edits>;
type CdiSpec = Static<typeof Spec>;

/** A file that is not whole describes nothing; that it is there must not keep other devices from being used. */
async function readSpec(path: string): Promise<CdiSpec | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    // Few machines have such files: the library is loaded when one is met.
    const content: unknown = path.endsWith('.json') ? JSON.parse(text) : (await import('yaml')).parse(text);
    return Check(Spec, content) ? content : undefined;
  } catch {
    return undefined;
  }
}

async function specsIn(directory: string): Promise<CdiSpec[]> {
  const names = await readdir(directory).catch(() => []);
  const specs = names.filter((name) => /\.(?:json|yaml)$/.test(name)).sort();
  return (await Promise.all(specs.map((name) => readSpec(join(directory, name))))).filter((spec) => spec !== undefined);
}

interface Found {
  readonly spec: CdiSpec;
  readonly edits: ContainerEdits;
}

/** All devices by their whole names. What a later directory says counts; two of one directory that say the same cancel out. */
async function devicesIn(directories: readonly string[]): Promise<Map<string, Found>> {
  const all = new Map<string, Found>();
  for (const directory of directories) {
    const here = new Map<string, Found | undefined>();
    for (const spec of await specsIn(directory))
      for (const { name, containerEdits = {} } of spec.devices) {
        const whole = `${spec.kind}=${name}`;
        here.set(whole, here.has(whole) ? undefined : { spec, edits: containerEdits });
      }
    for (const [name, found] of here)
      if (found === undefined) all.delete(name);
      else all.set(name, found);
  }
  return all;
}

type DeviceRequest = NonNullable<HostConfig['DeviceRequests']>[number];

/** Classes for which `--gpus` stands, where their vendor's files are there. */
const gpuKinds = ['nvidia.com/gpu', 'amd.com/gpu'];

function noDriver({ Driver = '', Capabilities = [] }: DeviceRequest): EngineError {
  const capabilities = `[${Capabilities.map((words) => `[${words.join(' ')}]`).join(' ')}]`;
  return new EngineError(
    'Unsupported',
    `could not select device driver "${Driver}" with capabilities: ${capabilities}`,
    {
      remedy: 'install the vendor’s CDI files (/etc/cdi), or pass the device files with --device /dev/…',
    },
  );
}

function namesOf(request: DeviceRequest, devices: ReadonlyMap<string, Found>): string[] {
  const { Driver = '', Count = 0, DeviceIDs = [], Capabilities = [] } = request;
  if (Driver === 'cdi') return DeviceIDs;
  const wantsGpu = Capabilities.some((words) => words.includes('gpu'));
  const kind = gpuKinds.find((each) => [...devices.keys()].some((name) => name.startsWith(`${each}=`)));
  if (!wantsGpu || kind === undefined || (Driver !== '' && !kind.startsWith(Driver))) throw noDriver(request);
  if (DeviceIDs.length > 0) return DeviceIDs.map((id) => (id.includes('=') ? id : `${kind}=${id}`));
  if (Count < 0 && devices.has(`${kind}=all`)) return [`${kind}=all`];
  const single = [...devices.keys()].filter((name) => name.startsWith(`${kind}=`) && /=\d+$/.test(name)).sort();
  return Count < 0 ? single : single.slice(0, Count);
}

/** What the container's device requests add to it. Throws InvalidArgument and Unsupported as Docker does. */
export async function cdiEdits(
  requests: readonly DeviceRequest[],
  directories: readonly string[],
): Promise<ContainerEdits[]> {
  if (requests.length === 0) return [];
  for (const { Count = 0, DeviceIDs = [] } of requests)
    if (Count !== 0 && DeviceIDs.length > 0)
      throw new EngineError('InvalidArgument', 'cannot set both Count and DeviceIDs on device request');
  const devices = await devicesIn(directories);
  const names = [...new Set(requests.flatMap((request) => namesOf(request, devices)))];
  const unknown = names.filter((name) => !devices.has(name));
  if (unknown.length > 0)
    throw new EngineError(
      'InvalidArgument',
      `CDI device injection failed: unresolvable CDI devices ${unknown.join(', ')}`,
      { remedy: `its vendor’s files belong into ${directories.join(' or ')}` },
    );
  const found = names.flatMap((name) => devices.get(name) ?? []);
  // What holds for all devices of a file counts once.
  const common = [...new Set(found.map(({ spec }) => spec))].flatMap(({ containerEdits }) => containerEdits ?? []);
  return [...found.map(({ edits }) => edits), ...common];
}
