// What an engine's records say, beside what the kernel and the disk say: every difference is one line.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { namingFor } from '../../runtime/network/naming.ts';
import type { ContainerInspect } from '../../runtime/protocol/container_views.ts';
import type { TestEngine } from './slipway.ts';

const run = promisify(execFile);

const entries = (path: string): string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};

const isId = (name: string): boolean => /^[0-9a-f]{64}$/.test(name);

/** Both ways: what is there and should not be, and what should be there and is not. */
function compare(what: string, found: Iterable<string>, wanted: Iterable<string>): string[] {
  const [is, should] = [new Set(found), new Set(wanted)];
  return [
    ...[...is.difference(should)].map((one) => `${what} ${one} belongs to nobody`),
    ...[...should.difference(is)].map((one) => `${what} ${one} is missing`),
  ];
}

/** Processes that name the engine's directory in their command line: helpers and monitors, with the arguments. */
function processesOf(directory: string): { pid: number; args: string[] }[] {
  return entries('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const text = readFileSync(`/proc/${name}/cmdline`, 'utf8');
        return text.includes(`${directory}/`) ? [{ pid: Number(name), args: text.split('\0').filter(Boolean) }] : [];
      } catch {
        return []; // it ended in between
      }
    });
}

function cgroupsOf(parent: string): string[] {
  return entries('/sys/fs/cgroup').flatMap((hierarchy) => {
    const directory = join('/sys/fs/cgroup', hierarchy, parent);
    return entries(directory).filter((name) => isId(name) || name.startsWith('build'));
  });
}

interface Ruleset {
  readonly nftables: readonly { readonly map?: NftSet; readonly set?: NftSet }[];
}
interface NftSet {
  readonly name: string;
  readonly elem?: readonly unknown[];
}

/** The names of the bridges, and how many ports are published, as nftables has them. */
async function rules(table: string): Promise<{ bridges: unknown[]; ports: number }> {
  const { stdout } = await run('nft', ['--json', 'list', 'table', 'inet', table]);
  const { nftables } = JSON.parse(stdout) as Ruleset;
  const sets = nftables.flatMap(({ map, set }) => map ?? set ?? []);
  const elements = (name: string) => sets.find((one) => one.name === name)?.elem ?? [];
  return {
    bridges: [...elements('bridges')],
    ports: ['any4', 'any6', 'at4', 'at6'].reduce((sum, name) => sum + elements(name).length, 0),
  };
}

async function networkDifferences(engine: TestEngine, containers: readonly ContainerInspect[]): Promise<string[]> {
  const naming = namingFor({ dataRoot: engine.dataRoot, execRoot: engine.execRoot, socket: engine.socket });
  const [shown, found] = await Promise.all([run('ip', ['-json', 'link']), rules(naming.table.table)]);
  const links = (JSON.parse(shown.stdout) as { ifname: string }[]).map(({ ifname }) => ifname).filter(naming.isOurs);
  const running = containers.filter(({ State }) => State.Running);
  const endpoints = running.flatMap(({ NetworkSettings }) =>
    Object.values(NetworkSettings.Networks).filter(({ EndpointID = '' }) => EndpointID !== ''),
  );
  const used = new Set(endpoints.map(({ NetworkID = '' }) => NetworkID));
  const ports = running.flatMap(({ NetworkSettings }) =>
    Object.values(NetworkSettings.Ports).flatMap((at) => at ?? []),
  );
  return [
    ...compare(
      'interface',
      links.filter((link) => link.startsWith('ve')),
      endpoints.map(({ EndpointID = '' }) => naming.veth(EndpointID)),
    ),
    ...compare(
      'rules for bridge',
      found.bridges.map(String),
      links.filter((link) => !link.startsWith('ve')),
    ),
    ...[...used].filter((id) => !links.includes(naming.bridge(id)) && !links.includes(naming.defaultBridge)),
    // The same port on both families is one rule where the container has one address.
    ...(found.ports === new Set(ports.map(({ HostPort }) => HostPort)).size
      ? []
      : [`${found.ports} published ports in nftables, ${ports.length} recorded`]),
  ];
}

/** One line for every difference between records, kernel and disk. Nothing may be under way. */
export async function differences(engine: TestEngine, cgroupParent: string): Promise<string[]> {
  const rows = await engine.client.call('container.list', { All: true });
  const inspected = await Promise.allSettled(
    rows.map(({ Id }) => engine.client.call('container.inspect', { Container: Id })),
  );
  const containers = inspected.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  const running = containers.filter(({ State }) => State.Running).map(({ Id }) => Id);
  const { Volumes } = await engine.client.call('volume.list', {});
  const processes = processesOf(engine.directory);
  const monitors = processes.filter(({ args }) => args.includes('monitor'));
  const data = (path: string) => join(engine.dataRoot, path);
  const sessions = containers.flatMap(({ ExecIDs }) => ExecIDs ?? []);
  const local = [
    ...compare(
      'mount',
      engine.mounts(),
      running.map((id) => data(`containers/${id}/rootfs`)),
    ),
    ...compare(
      'directory',
      entries(data('containers')),
      containers.map(({ Id }) => Id),
    ),
    ...compare('bundle', entries(join(engine.execRoot, 'containers')), running),
    ...compare('runtime state', entries(join(engine.execRoot, 'oci')).filter(isId), running),
    ...compare('cgroup', cgroupsOf(cgroupParent), running),
    ...compare(
      'monitor',
      monitors.filter(({ args }) => !args.includes('--exec')).map(({ args }) => args.at(-1) ?? ''),
      running,
    ),
    ...compare(
      'monitor of exec',
      monitors
        .filter(({ args }) => args.includes('--exec'))
        .map(({ args }) => args[args.indexOf('--exec-id') + 1] ?? ''),
      sessions,
    ),
    ...compare(
      'files of exec',
      running.flatMap((id) => entries(join(engine.execRoot, 'containers', id, 'execs'))),
      sessions,
    ),
    ...compare(
      'process',
      processes.filter((one) => !monitors.includes(one)).map(({ pid }) => String(pid)),
      [String(engine.helperPid)],
    ),
    ...compare(
      'volume',
      entries(data('volumes')),
      Volumes.map(({ Name }) => Name),
    ),
    ...compare('staged layer', entries(data('layers/staging')), []),
    ...compare(
      'unfinished blob',
      entries(data('ingest')).filter((name) => !name.endsWith('.partial')),
      [],
    ),
    ...compare('build', [...entries(data('build/scratch')), ...entries(join(engine.execRoot, 'builds'))], []),
    ...containers
      .filter(({ State }) => State.Running && !entries(`/proc/${State.Pid}`).includes('status'))
      .map(({ Name }) => `${Name} is recorded as running, its process is gone`),
  ];
  // Two programs to start: not while the rest shows that something is still under way.
  return local.length > 0 ? local : await networkDifferences(engine, containers);
}
