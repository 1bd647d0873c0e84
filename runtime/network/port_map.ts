// Between Docker's port maps (`"80/tcp": [{ HostIp, HostPort }]`) and ports as numbers.
import { isIP } from 'node:net';
import type { PortMap } from '../protocol/container_config.ts';
import { EngineError } from '../protocol/errors.ts';
import type { HeldPort, PortWish, Protocol } from './ports.ts';

interface ContainerPort {
  readonly port: number;
  readonly protocol: Protocol;
}

/** `80`, `80/tcp`, `53/udp`. Throws InvalidArgument. */
function parseContainerPort(text: string): ContainerPort {
  const match = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(text);
  const port = Number(match?.[1]);
  if (match === null || port < 1 || port > 65535)
    throw new EngineError(
      'InvalidArgument',
      `invalid port "${text}": expected a number from 1 to 65535 and tcp, udp or sctp`,
    );
  return { port, protocol: (match[2]?.toLowerCase() ?? 'tcp') as Protocol };
}

function parseHostPorts(text: string | undefined): [number, number] | undefined {
  if (text === undefined || text === '' || text === '0') return undefined;
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || first < 1 || last > 65535 || last < first)
    throw new EngineError(
      'InvalidArgument',
      `invalid host port "${text}": expected a number or a range from 1 to 65535`,
    );
  return [first, last];
}

function parseHostAddress(text: string | undefined): string {
  const address = (text ?? '').replace(/^\[|\]$/g, '');
  if (address !== '' && isIP(address) === 0)
    throw new EngineError('InvalidArgument', `invalid host address "${text}": expected an IP address`);
  return address;
}

/** What is to be published, explicit bindings first (they can't move aside for random ones). Throws InvalidArgument. */
export function portWishes(bindings: PortMap, exposed: readonly string[], publishAll: boolean): PortWish[] {
  const wishes: PortWish[] = [];
  for (const [key, list] of Object.entries(bindings)) {
    const { port, protocol } = parseContainerPort(key);
    const entries = list === null || list.length === 0 ? [{}] : list;
    for (const { HostIp, HostPort } of entries as { HostIp?: string; HostPort?: string }[])
      wishes.push({
        protocol,
        containerPort: port,
        hostAddress: parseHostAddress(HostIp),
        hostPorts: parseHostPorts(HostPort),
      });
  }
  if (publishAll)
    for (const key of exposed.flatMap(expandRange)) {
      const { port, protocol } = parseContainerPort(key);
      const known = wishes.some((wish) => wish.containerPort === port && wish.protocol === protocol);
      if (!known) wishes.push({ protocol, containerPort: port, hostAddress: '', hostPorts: undefined });
    }
  return wishes.sort((one, other) => breadth(one) - breadth(other));
}

function breadth({ hostPorts }: PortWish): number {
  return hostPorts === undefined ? 65536 : hostPorts[1] - hostPorts[0];
}

/** `8000-8010/tcp` of EXPOSE is eleven ports. */
function expandRange(key: string): string[] {
  const match = /^(\d{1,5})-(\d{1,5})(\/\w+)?$/.exec(key);
  if (match === null) return [key];
  const [first, last] = [Number(match[1]), Number(match[2])];
  return Array.from(
    { length: Math.max(0, Math.min(last, 65535) - first + 1) },
    (_, i) => `${first + i}${match[3] ?? ''}`,
  );
}

/** Docker's NetworkSettings.Ports: published ports with their bindings, exposed ones with null. */
export function toPortMap(held: readonly HeldPort[], exposed: readonly string[]): PortMap {
  const map: PortMap = {};
  for (const key of exposed.flatMap(expandRange)) {
    const { port, protocol } = parseContainerPort(key);
    map[`${port}/${protocol}`] = null;
  }
  for (const { protocol, containerPort, hostAddress, hostPort } of held) {
    const key = `${containerPort}/${protocol}`;
    const addresses = hostAddress === '' ? ['0.0.0.0', '::'] : [hostAddress];
    map[key] = [...(map[key] ?? []), ...addresses.map((HostIp) => ({ HostIp, HostPort: String(hostPort) }))];
  }
  return map;
}

/** The other way, after a restart: a pair of 0.0.0.0 and :: is one publication. */
export function fromPortMap(map: PortMap): HeldPort[] {
  const held: HeldPort[] = [];
  for (const [key, bindings] of Object.entries(map)) {
    const { port, protocol } = parseContainerPort(key);
    for (const { HostIp = '', HostPort } of bindings ?? []) {
      const twin = (other: string) =>
        (bindings ?? []).some((each) => each.HostIp === other && each.HostPort === HostPort);
      if (HostIp === '::' && twin('0.0.0.0')) continue;
      const hostAddress = HostIp === '0.0.0.0' && twin('::') ? '' : HostIp;
      held.push({ protocol, containerPort: port, hostAddress, hostPort: Number(HostPort) });
    }
  }
  return held;
}
