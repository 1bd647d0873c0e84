// Host ports: which are free, who has them, and holding them for containers.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { connect, createServer, isIP, Server, type Socket } from 'node:net';
import { EngineError } from '../protocol/errors.ts';
import { hasCode } from '../store/files.ts';
import type { HostPorts } from './host_ports.ts';
import { relayDatagrams } from './udp_relay.ts';

export type Protocol = 'tcp' | 'udp' | 'sctp';

export interface PortWish {
  readonly protocol: Protocol;
  readonly containerPort: number;
  /** '' or 0.0.0.0 or :: mean every address. */
  readonly hostAddress: string;
  /** First and last; undefined: any free port. */
  readonly hostPorts: readonly [number, number] | undefined;
}

export interface HeldPort {
  readonly protocol: Protocol;
  readonly containerPort: number;
  readonly hostAddress: string;
  readonly hostPort: number;
}

const ephemeral = '/proc/sys/net/ipv4/ip_local_port_range';

export const isAny = (address: string): boolean => address === '' || address === '0.0.0.0' || address === '::';

interface Holding {
  readonly port: HeldPort;
  readonly owner: string;
  readonly sockets: (Server | UdpSocket)[];
}

/** The ports of this engine's containers. A socket on each keeps other programs off it, as far as they look. */
export class PortTable {
  readonly #holdings = new Set<Holding>();
  readonly #hostPorts: HostPorts | undefined;

  /** `hostPorts`: where the machine's ports are not this process's own. */
  constructor(hostPorts?: HostPorts) {
    this.#hostPorts = hostPorts;
  }

  /** Takes a port for each wish, all or none. `owner`: the container's name, for messages. */
  async take(wishes: readonly PortWish[], owner: string): Promise<HeldPort[]> {
    const taken: HeldPort[] = [];
    try {
      for (const wish of wishes) taken.push(await this.#takeOne(wish, owner));
      return taken;
    } catch (error) {
      this.release(taken);
      throw error;
    }
  }

  async #takeOne(wish: PortWish, owner: string): Promise<HeldPort> {
    if (wish.protocol === 'sctp' && this.#hostPorts !== undefined)
      throw new EngineError(
        'Unsupported',
        `cannot publish port ${wish.containerPort}/sctp: a rootless engine passes on TCP and UDP alone`,
        { remedy: 'Reach the container from another one of its network, or use an engine of root' },
      );
    const [first, last] = wish.hostPorts ?? (await ephemeralRange());
    const single = first === last;
    const count = last - first + 1;
    const offset = wish.hostPorts === undefined ? Math.floor(Math.random() * count) : 0;
    for (let i = 0; i < count; i++) {
      const port: HeldPort = {
        protocol: wish.protocol,
        containerPort: wish.containerPort,
        hostAddress: wish.hostAddress,
        hostPort: first + ((offset + i) % count),
      };
      const obstacle = await this.#hold(port, owner);
      if (obstacle === undefined) return port;
      if (single) throw obstacle;
    }
    throw new EngineError(
      'Conflict',
      `cannot publish port ${wish.containerPort}/${wish.protocol}: all host ports ${first}-${last} are already allocated`,
    );
  }

  /** Holds a port; answers why that is not possible. */
  async #hold(port: HeldPort, owner: string): Promise<EngineError | undefined> {
    const other = [...this.#holdings].find((holding) => collide(holding.port, port));
    if (other !== undefined) return allocated(port, `container ${other.owner}`);
    const sockets: (Server | UdpSocket)[] = [];
    const holding: Holding = { port, owner, sockets };
    this.#holdings.add(holding); // before the first wait, so that nobody else takes it meanwhile
    try {
      for (const address of listenAddresses(port.hostAddress))
        try {
          sockets.push(await listen(port.protocol, address, port.hostPort, this.#hostPorts));
        } catch (error) {
          // A machine without IPv6 has no port there that anybody else could take.
          if (sockets.length === 0 || !hasCode(error, 'EAFNOSUPPORT', 'EADDRNOTAVAIL')) throw error;
        }
      return undefined;
    } catch (error) {
      this.#drop(holding);
      if (hasCode(error, 'EADDRINUSE')) return allocated(port, await holderOf(port));
      if (hasCode(error, 'EADDRNOTAVAIL'))
        return new EngineError(
          'InvalidArgument',
          `cannot publish ${describe(port)}: no interface of this machine has the address ${port.hostAddress}`,
        );
      if (hasCode(error, 'EACCES'))
        return new EngineError(
          'PermissionDenied',
          `cannot publish ${describe(port)}: ports below 1024 need privileges`,
          { remedy: 'Choose a higher host port, or lower net.ipv4.ip_unprivileged_port_start' },
        );
      throw error;
    }
  }

  release(ports: readonly HeldPort[]): void {
    for (const port of ports)
      for (const holding of this.#holdings) if (samePort(holding.port, port)) this.#drop(holding);
  }

  #drop(holding: Holding): void {
    this.#holdings.delete(holding);
    for (const socket of holding.sockets) socket.close();
  }

  /** Takes ports that running containers have had since before a restart; what can't be held now still belongs to them. */
  async retake(ports: readonly HeldPort[], owner: string): Promise<void> {
    for (const port of ports) {
      if ((await this.#hold(port, owner)) !== undefined) this.#holdings.add({ port, owner, sockets: [] });
    }
  }

  /**
   * What reaches a held port in spite of the firewall's translation is passed on by the helper itself: whatever comes by IPv6
   * to a container without IPv6, the loopback address ::1 among them, and all that comes to a rootless engine's ports.
   */
  relay(port: HeldPort, address: string, target: number): void {
    const holding = [...this.#holdings].find((each) => samePort(each.port, port));
    for (const socket of holding?.sockets ?? [])
      if (socket instanceof Server) socket.on('connection', (client) => join(client, address, target));
      else relayDatagrams(socket, address, target);
  }
}

function join(client: Socket, address: string, port: number): void {
  const target = connect({ host: address, port, allowHalfOpen: true });
  const end = () => {
    client.destroy();
    target.destroy();
  };
  client.on('error', end);
  target.on('error', end);
  client.pipe(target);
  target.pipe(client);
}

function samePort(one: HeldPort, other: HeldPort): boolean {
  return one.protocol === other.protocol && one.hostPort === other.hostPort && one.hostAddress === other.hostAddress;
}

/** Whether two publications can't be told apart by the packets that they want. */
function collide(one: HeldPort, other: HeldPort): boolean {
  if (one.protocol !== other.protocol || one.hostPort !== other.hostPort) return false;
  if (isAny(one.hostAddress) || isAny(other.hostAddress)) {
    const families = new Set(
      [...listenAddresses(one.hostAddress), ...listenAddresses(other.hostAddress)].map((address) => isIP(address)),
    );
    return families.size < 2 || one.hostAddress === '' || other.hostAddress === '';
  }
  return one.hostAddress === other.hostAddress;
}

function listenAddresses(hostAddress: string): string[] {
  return hostAddress === '' ? ['0.0.0.0', '::'] : [hostAddress];
}

async function listen(
  protocol: Protocol,
  host: string,
  port: number,
  hostPorts: HostPorts | undefined,
): Promise<Server | UdpSocket> {
  const fd = await hostPorts?.open(protocol === 'udp' ? 'udp' : 'tcp', host, port);
  if (protocol === 'udp') {
    const socket = isIP(host) === 6 ? createSocket({ type: 'udp6', ipv6Only: true }) : createSocket('udp4');
    socket.unref();
    const listening = once(socket, 'listening'); // of a descriptor it is told at once
    socket.bind(fd === undefined ? { address: host, port, exclusive: true } : { fd, exclusive: true });
    await listening.catch((error: unknown) => {
      socket.close();
      throw error;
    });
    return socket;
  }
  // Node knows no SCTP: the TCP port of the same number stands in for it.
  const server = createServer({ allowHalfOpen: true });
  server.unref();
  server.listen(fd === undefined ? { host, port, ipv6Only: true, exclusive: true } : { fd, exclusive: true });
  await once(server, 'listening');
  server.on('error', () => {}); // accepting failed for once (no descriptors left): the port stays held
  return server;
}

function describe({ hostAddress, hostPort, protocol }: HeldPort): string {
  const host = hostAddress === '' ? '0.0.0.0' : isIP(hostAddress) === 6 ? `[${hostAddress}]` : hostAddress;
  return `${host}:${hostPort}${protocol === 'tcp' ? '' : `/${protocol}`}`;
}

function allocated(port: HeldPort, holder: string | undefined): EngineError {
  const by = holder === undefined ? '' : ` by ${holder}`;
  return new EngineError('Conflict', `cannot publish ${describe(port)}: port is already allocated${by}`, {
    remedy: 'Choose another host port',
  });
}

async function ephemeralRange(): Promise<[number, number]> {
  const [first = 32768, last = 60999] = (await readFile(ephemeral, 'utf8')).trim().split(/\s+/).map(Number);
  return [first, last];
}

/** The program that has a port: `nginx (pid 412)`, as far as /proc lets us see. */
async function holderOf({ protocol, hostPort }: HeldPort): Promise<string | undefined> {
  const wanted = `:${hostPort.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes = new Set<string>();
  for (const file of [protocol, `${protocol}6`]) {
    const text = await readFile(`/proc/net/${file}`, 'utf8').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      // 0A: listening; UDP sockets are all in state 07.
      if (local?.endsWith(wanted) && (state === '0A' || state === '07') && inode !== undefined)
        inodes.add(`socket:[${inode}]`);
    }
  }
  if (inodes.size === 0) return undefined;
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      if (!inodes.has(await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => ''))) continue;
      const name = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim();
      return `${name} (pid ${pid})`;
    }
  }
  return undefined;
}
