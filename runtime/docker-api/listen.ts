// Opens the second door wherever the settings say: unix sockets, tcp (with client certificates, or on loopback only), and
// sockets that systemd hands over.
import { chmodSync, chownSync, existsSync, lstatSync, readFileSync, unlinkSync } from 'node:fs';
import type { DoorSettings } from '../engine/daemon_json.ts';
import {
  type DockerApiServer,
  type DockerApiServices,
  type DockerListenOptions,
  DockerApiServer as Door,
} from './server.ts';
import { minimumApiVersion } from './version.ts';

/** The first descriptor that systemd passes (sd_listen_fds(3)). */
const firstPassed = 3;

/** Listens on every host. @throws Error naming the host and what is wrong with it; what was opened is closed again. */
export async function openDockerDoors(
  services: DockerApiServices,
  settings: DoorSettings,
  group: number | undefined,
): Promise<DockerApiServer[]> {
  const doors: DockerApiServer[] = [];
  minimumApiVersion(); // a wrong one is refused now, not at the first request
  try {
    for (const host of settings.hosts) doors.push(...(await open(host, services, settings, group)));
    return doors;
  } catch (error) {
    await Promise.all(doors.map((door) => door[Symbol.asyncDispose]()));
    throw error;
  }
}

async function open(
  host: string,
  services: DockerApiServices,
  settings: DoorSettings,
  group: number | undefined,
): Promise<DockerApiServer[]> {
  if (host.startsWith('unix://')) return [await openUnix(host.slice('unix://'.length), services, group)];
  if (host.startsWith('tcp://')) return [await Door.listen(services, tcpOptions(host, settings))];
  if (host.startsWith('fd://')) {
    return await Promise.all(passedDescriptors().map((fd) => Door.listen(services, { address: { fd } })));
  }
  throw new Error(`cannot listen on ${host}: expected unix://PATH, tcp://ADDRESS:PORT or fd://`);
}

async function openUnix(
  path: string,
  services: DockerApiServices,
  group: number | undefined,
): Promise<DockerApiServer> {
  if (existsSync(path)) {
    if (!lstatSync(path).isSocket()) throw new Error(`cannot listen on ${path}: it exists and is not a socket`);
    unlinkSync(path);
  }
  // Private from the first moment: nobody can connect between bind and chmod.
  const umask = process.umask(0o177);
  try {
    const door = await Door.listen(services, { address: { path } });
    if (group !== undefined) {
      chownSync(path, -1, group);
      chmodSync(path, 0o660);
    }
    return door;
  } finally {
    process.umask(umask);
  }
}

function tcpOptions(host: string, { tls }: DoorSettings): DockerListenOptions {
  const url = new URL(host.replace(/^tcp:/, 'http:'));
  const address = url.hostname.replace(/^\[|\]$/g, '');
  const isLoopback = address === 'localhost' || address === '::1' || address.startsWith('127.');
  if (tls?.verify !== true && !isLoopback) {
    throw new Error(`cannot listen on ${host}: without client certificates only loopback is allowed; use --tlsverify`);
  }
  const port = Number(url.port || (tls === undefined ? 2375 : 2376));
  const listen = { address: { host: address, port } };
  if (tls === undefined) return listen;
  return {
    ...listen,
    tls: {
      cert: readFileSync(tls.cert),
      key: readFileSync(tls.key),
      ...(tls.verify ? { ca: readFileSync(tls.ca), requestCert: true, rejectUnauthorized: true } : {}),
    },
  };
}

function passedDescriptors(): number[] {
  const count = Number(process.env['LISTEN_FDS'] ?? 0);
  if (Number(process.env['LISTEN_PID']) !== process.pid || !(count > 0)) {
    throw new Error('cannot listen on fd://: systemd passed no sockets (LISTEN_FDS)');
  }
  return Array.from({ length: count }, (_, index) => firstPassed + index);
}
