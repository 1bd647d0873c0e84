// Putting containers on networks and taking them off.
import { closeSync, openSync } from 'node:fs';
import type { NetworkAttachment, NetworkClient } from '../container/dependencies.ts';
import { applyNetwork, listLinks } from '../native/netlink.ts';
import type { EndpointSettings } from '../protocol/container_config.ts';
import { EngineError } from '../protocol/errors.ts';
import { bridgeOptions } from './create.ts';
import { describeEndpoint, type Endpoint, isMac } from './endpoints.ts';
import { toFailure } from './failures.ts';
import { createEndpoint, mtuOf, setDefaultRoutes } from './links.ts';
import { containerResolvConf } from './names.ts';
import type { NetworkStore } from './network_store.ts';
import { portWishes, toPortMap } from './port_map.ts';
import type { NetworkRecord } from './records.ts';

interface Wish {
  readonly record: NetworkRecord;
  readonly settings: EndpointSettings;
}

export class Attacher {
  readonly #store: NetworkStore;

  constructor(store: NetworkStore) {
    this.#store = store;
  }

  /** The networks that a container asks for, the one of its network mode first. Throws NotFound, InvalidArgument. */
  wishes({ networkMode, endpoints }: NetworkClient): Wish[] {
    const wishes = new Map<string, Wish>();
    const add = (text: string, settings: EndpointSettings) => {
      const record = this.#store.find(text);
      if (record.configuration !== undefined)
        throw new EngineError('PermissionDenied', 'cannot create endpoint on configuration-only network');
      if (record.driver === 'host' || record.driver === 'none')
        throw new EngineError('InvalidArgument', `cannot combine network ${record.name} with other networks`);
      checkMac(settings, `invalid config for network ${record.name}: `);
      checkStatic(record, settings);
      wishes.set(record.id, { record, settings: { ...wishes.get(record.id)?.settings, ...settings } });
    };
    // With networks of its own a container is not on the default one besides.
    if (!isDefault(networkMode) || Object.keys(endpoints).length === 0 || endpoints[networkMode] !== undefined)
      add(networkMode, {});
    for (const [name, settings] of Object.entries(endpoints)) add(name, settings);
    return [...wishes.values()];
  }

  async attach(client: NetworkClient, pid: number): Promise<NetworkAttachment> {
    const wishes = this.wishes(client);
    try {
      return await inNamespace(pid, async (namespace) => {
        for (const [index, { record, settings }] of wishes.entries())
          await this.#join(client, record, settings, `eth${index}`, namespace);
        await this.#routeOut(client.id, namespace, wishes.length === 1 ? 'eth0' : undefined);
        await this.#publishPorts(client);
        return this.#attachment(client);
      });
    } catch (error) {
      await this.#store.release(client.id);
      throw toFailure(error, `connect container ${client.name.replace(/^\//, '')} to its networks`);
    }
  }

  async #join(
    client: NetworkClient,
    record: NetworkRecord,
    settings: EndpointSettings,
    name: string,
    namespace: number,
  ): Promise<Endpoint> {
    const store = this.#store;
    await store.ensureReady(record);
    const endpoint = store.state(record).add(client, settings);
    const withBits = (address: string | undefined, bits: number) =>
      address === undefined ? undefined : `${address}/${bits}`;
    try {
      await createEndpoint({
        record,
        veth: store.naming.veth(endpoint.id),
        name,
        mac: endpoint.mac,
        address4: withBits(endpoint.address4, endpoint.bits4),
        address6: withBits(endpoint.address6, endpoint.bits6),
        linkLocal: (settings.IPAMConfig?.LinkLocalIPs ?? []).map(
          (address) => `${address}/${address.includes(':') ? 64 : 16}`,
        ),
        mtu: mtuOf(record, store.options.mtu),
        namespace,
      });
    } catch (error) {
      store.state(record).remove(endpoint);
      throw error;
    }
    store.publish('connect', record, { container: client.id });
    return endpoint;
  }

  /** The endpoint that leads out: highest gateway priority, then the first that was asked for. */
  wayOut(endpoints: readonly Endpoint[]): Endpoint | undefined {
    const open = endpoints.filter(({ network }) => !network.internal);
    return open.toSorted((one, other) => (other.settings.GwPriority ?? 0) - (one.settings.GwPriority ?? 0))[0];
  }

  /** Sets the default route over the way out. `name`: its interface, where the caller knows it. */
  async #routeOut(containerId: string, namespace: number, name?: string): Promise<void> {
    const endpoint = this.wayOut(this.#ordered(containerId));
    if (endpoint === undefined) return;
    const link = name ?? (await linkByMac(endpoint.mac, namespace));
    if (link !== undefined) await setDefaultRoutes(endpoint.network, link, namespace);
  }

  /** A container's endpoints in the order in which it asked for them. */
  #ordered(containerId: string): Endpoint[] {
    const endpoints = this.#store.endpointsOf(containerId);
    const client = endpoints[0]?.container;
    if (client === undefined) return [];
    const order = this.wishes(client).map(({ record }) => record.id);
    const place = ({ network }: Endpoint) => (order.indexOf(network.id) < 0 ? order.length : order.indexOf(network.id));
    return endpoints.toSorted((one, other) => place(one) - place(other));
  }

  async #publishPorts(client: NetworkClient): Promise<void> {
    const endpoint = this.wayOut(this.#ordered(client.id));
    if (endpoint === undefined || endpoint.network.driver !== 'bridge') return;
    const asked = endpoint.network.options[bridgeOptions.hostAddress] ?? '';
    // "All of IPv4", which the default bridge says, is no wish to leave IPv6 out.
    const standard = asked === '0.0.0.0' ? '' : asked;
    const wishes = portWishes(client.portBindings, client.exposedPorts, client.publishAll);
    await this.#store.ports.publish(
      endpoint,
      wishes.map((wish) => (wish.hostAddress === '' ? { ...wish, hostAddress: standard } : wish)),
    );
  }

  #attachment(client: NetworkClient): NetworkAttachment {
    const endpoints = this.#ordered(client.id);
    return {
      endpoints: Object.fromEntries(endpoints.map((endpoint) => [endpoint.network.name, describeEndpoint(endpoint)])),
      ports: toPortMap(this.#store.ports.held(client.id), client.exposedPorts),
      resolvConf: containerResolvConf(this.#store, endpoints, client),
      addresses: endpoints.flatMap(({ address4, address6 }) =>
        [address4, address6].filter((address) => address !== undefined),
      ),
    };
  }

  async connect(
    client: NetworkClient,
    pid: number,
    network: string,
    settings: EndpointSettings,
  ): Promise<NetworkAttachment> {
    const record = this.#store.find(network);
    if (record.driver === 'host' || record.driver === 'none')
      throw new EngineError('InvalidArgument', `cannot connect a container to the network ${record.name}`);
    checkMac(settings);
    checkStatic(record, settings);
    try {
      return await inNamespace(pid, async (namespace) => {
        const hadWayOut = this.wayOut(this.#ordered(client.id)) !== undefined;
        await this.#join(client, record, settings, await freeName(namespace), namespace);
        if (!hadWayOut) await this.#routeOut(client.id, namespace);
        return this.#attachment(client);
      });
    } catch (error) {
      throw toFailure(error, `connect container ${client.name.replace(/^\//, '')} to network ${record.name}`);
    }
  }

  async disconnect(client: NetworkClient, pid: number, network: string): Promise<void> {
    const record = this.#store.find(network);
    const endpoint = this.#store.state(record).ofContainer(client.id);
    if (endpoint === undefined)
      throw new EngineError(
        'Conflict',
        `container ${client.name.replace(/^\//, '')} is not connected to network ${record.name}`,
      );
    const wasWayOut = this.wayOut(this.#ordered(client.id)) === endpoint;
    try {
      await inNamespace(pid, async (namespace) => {
        const link = await linkByMac(endpoint.mac, namespace);
        if (link !== undefined) await applyNetwork([{ do: 'deleteLink', link, missingOk: true }], { namespace });
        this.#store.forget(endpoint);
        if (!wasWayOut) return;
        await this.#store.ports.unpublish(client.id);
        await this.#routeOut(client.id, namespace);
        await this.#publishPorts(client);
      });
    } catch (error) {
      throw toFailure(error, `disconnect container ${client.name.replace(/^\//, '')} from network ${record.name}`);
    }
  }
}

function isDefault(networkMode: string): boolean {
  return networkMode === '' || networkMode === 'default' || networkMode === 'bridge';
}

function checkMac({ MacAddress }: EndpointSettings, where = ''): void {
  if (MacAddress && !isMac(MacAddress))
    throw new EngineError('InvalidArgument', `${where}invalid MAC address ${MacAddress}`);
}

/** Docker's rule: on the default bridge the engine alone gives addresses and there are no aliases. */
function checkStatic(record: NetworkRecord, settings: EndpointSettings): void {
  const fixed = settings.IPAMConfig?.IPv4Address || settings.IPAMConfig?.IPv6Address;
  if (record.predefined && fixed)
    throw new EngineError('InvalidArgument', 'user specified IP address is supported on user defined networks only', {
      remedy: 'Create one with a subnet: slipway network create --subnet 10.1.0.0/24 NAME',
    });
}

/** Runs `task` with a descriptor of the process's network namespace. */
async function inNamespace<T>(pid: number, task: (namespace: number) => Promise<T>): Promise<T> {
  const namespace = openSync(`/proc/${pid}/ns/net`, 'r');
  try {
    return await task(namespace);
  } finally {
    closeSync(namespace);
  }
}

async function linkByMac(mac: string, namespace: number): Promise<string | undefined> {
  return (await listLinks({ namespace })).find((link) => !link.loopback && link.mac === mac)?.name;
}

async function freeName(namespace: number): Promise<string> {
  const names = new Set((await listLinks({ namespace })).map(({ name }) => name));
  for (let i = 0; ; i++) if (!names.has(`eth${i}`)) return `eth${i}`;
}
