// What CDI devices add to a container's specification.
import type { ContainerEdits } from './cdi.ts';
import type { OciDevice, OciDeviceRule, OciHooks, OciSpec } from './oci.ts';
import { deviceNumbers } from './resources.ts';

type Node = NonNullable<ContainerEdits['deviceNodes']>[number];

/** What the file leaves out is as it is on the host. */
function deviceOf({ path, hostPath, type = '', major, minor, fileMode, uid, gid }: Node): OciDevice {
  if (type === 'p') return { path, type };
  const given = type !== '' && major !== undefined && minor !== undefined;
  const real = given ? undefined : deviceNumbers(hostPath ?? path);
  const mode = fileMode ?? real?.mode;
  return {
    path,
    type: type || (real?.type ?? 'c'),
    major: major ?? real?.major ?? 0,
    minor: minor ?? real?.minor ?? 0,
    ...(mode === undefined ? {} : { fileMode: mode }),
    uid: uid ?? real?.uid ?? 0,
    gid: gid ?? real?.gid ?? 0,
  };
}

function ruleOf({ type, major = 0, minor = 0 }: OciDevice, access: string): OciDeviceRule[] {
  return type === 'p' ? [] : [{ allow: true, type: type === 'b' ? 'b' : 'c', major, minor, access }];
}

function hooksOf(edits: readonly ContainerEdits[]): OciHooks {
  const hooks: OciHooks = {};
  for (const { hooks: more = [] } of edits)
    for (const { hookName, ...hook } of more) hooks[hookName] = [...(hooks[hookName] ?? []), hook];
  return hooks;
}

/** The last of a name wins. */
function mergeEnvironment(env: readonly string[], more: readonly string[]): string[] {
  return [...new Map([...env, ...more].map((entry) => [entry.split('=', 1)[0], entry])).values()];
}

export function applyEdits(spec: OciSpec, edits: readonly ContainerEdits[]): OciSpec {
  if (edits.length === 0) return spec;
  const { process, linux } = spec;
  const nodes = edits.flatMap(({ deviceNodes = [] }) => deviceNodes);
  const devices = nodes.map(deviceOf);
  const rules = devices.flatMap((device, index) => ruleOf(device, nodes[index]?.permissions || 'rwm'));
  const mounts = edits.flatMap((edit) =>
    (edit.mounts ?? []).map(({ hostPath, containerPath, options, type }) => ({
      destination: containerPath,
      source: hostPath,
      type: type || 'bind',
      options: options ?? ['ro', 'nosuid', 'nodev', 'bind'],
    })),
  );
  const groups = [...(process.user.additionalGids ?? []), ...edits.flatMap((edit) => edit.additionalGids ?? [])];
  const kept = (linux.devices ?? []).filter(({ path }) => devices.every((device) => device.path !== path));
  return {
    ...spec,
    process: {
      ...process,
      env: mergeEnvironment(
        process.env,
        edits.flatMap(({ env = [] }) => env),
      ),
      user: { ...process.user, additionalGids: [...new Set(groups)] },
    },
    mounts: [...spec.mounts, ...mounts],
    hooks: hooksOf(edits),
    linux: {
      ...linux,
      devices: [...kept, ...devices],
      resources: { ...linux.resources, devices: [...(linux.resources?.devices ?? []), ...rules] },
    },
  };
}
