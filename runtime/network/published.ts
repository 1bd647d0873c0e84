// Publishing a container's ports: holding them on the host and leading them to the container.
import { flushConntrack } from '../native/netlink.ts';
import type { Endpoint } from './endpoints.ts';
import type { FirewallPort } from './firewall.ts';
import type { HostPorts } from './host_ports.ts';
import { type HeldPort, isAny, PortTable, type PortWish } from './ports.ts';
import type { RuleTable } from './table.ts';

interface Publication {
  readonly held: readonly HeldPort[];
  readonly rules: readonly FirewallPort[];
}

function rulesFor(held: readonly HeldPort[], { address4, address6 }: Endpoint): FirewallPort[] {
  return held.flatMap(({ protocol, hostAddress, hostPort, containerPort }) => {
    const common = {
      protocol,
      hostPort,
      port: containerPort,
      hostAddress: isAny(hostAddress) ? undefined : hostAddress,
    };
    const six = hostAddress.includes(':');
    const rules: FirewallPort[] = [];
    if (!six && address4 !== undefined) rules.push({ ...common, address: address4 });
    if ((six || hostAddress === '') && address6 !== undefined) rules.push({ ...common, address: address6 });
    return rules;
  });
}

export class PublishedPorts {
  readonly #ports: PortTable;
  readonly #rules: RuleTable;
  readonly #byContainer = new Map<string, Publication>();

  constructor(rules: RuleTable, hostPorts: HostPorts | undefined) {
    this.#rules = rules;
    this.#ports = new PortTable(hostPorts);
  }

  held(containerId: string): readonly HeldPort[] {
    return this.#byContainer.get(containerId)?.held ?? [];
  }

  /** Publishes through the endpoint that is the container's way out. Throws Conflict where a port is taken. */
  async publish(endpoint: Endpoint, wishes: readonly PortWish[]): Promise<readonly HeldPort[]> {
    if (wishes.length === 0) return [];
    const held = await this.#ports.take(wishes, endpoint.container.name.replace(/^\//, ''));
    const rules = rulesFor(held, endpoint);
    try {
      await this.#rules.addPorts(rules);
    } catch (error) {
      this.#ports.release(held);
      throw error;
    }
    this.#byContainer.set(endpoint.container.id, { held, rules });
    this.#relay(held, endpoint);
    await forgetConnections(held);
    return held;
  }

  #relay(held: readonly HeldPort[], { address4, address6 }: Endpoint): void {
    const address = address4 ?? address6;
    if (address === undefined) return;
    for (const port of held) if (port.protocol !== 'sctp') this.#ports.relay(port, address, port.containerPort);
  }

  async unpublish(containerId: string): Promise<void> {
    const publication = this.#byContainer.get(containerId);
    if (publication === undefined) return;
    this.#byContainer.delete(containerId);
    this.#ports.release(publication.held);
    await this.#rules.removePorts(publication.rules);
    await forgetConnections(publication.held);
  }

  /** After a restart: takes over what a running container has; its rules are for the caller to build. */
  async restore(endpoint: Endpoint, held: readonly HeldPort[]): Promise<readonly FirewallPort[]> {
    await this.#ports.retake(held, endpoint.container.name.replace(/^\//, ''));
    const rules = rulesFor(held, endpoint);
    this.#byContainer.set(endpoint.container.id, { held, rules });
    this.#relay(held, endpoint);
    return rules;
  }
}

/** UDP "connections" would otherwise go on to where they went before. */
async function forgetConnections(held: readonly HeldPort[]): Promise<void> {
  for (const { protocol, hostPort } of held)
    if (protocol === 'udp') await flushConntrack({ protocol, destinationPort: hostPort }).catch(() => 0); // a kernel without conntrack's netlink has nothing to forget
}
