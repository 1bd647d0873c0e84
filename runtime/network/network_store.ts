// The networks of this engine, and containers on them.
//
// The life of a network: `create` records it and makes its bridge, rules and resolver; they are made again on first use after
// a reboot. `remove` takes all of them away. A container's end is made by `attach` in the network namespace of its waiting
// process and ends with that namespace; `release` gives back what the engine keeps for it: addresses, names, ports, rules.
// After a restart `restore` is told what runs, and removes what of this engine's links and rules belongs to nobody.
import type { ContainerUses, NetworkAttachment, NetworkClient, Networks } from '../container/dependencies.ts';
import type { EngineContext } from '../engine/context.ts';
import { applyNetwork, listAddresses, listLinks, listRoutes } from '../native/netlink.ts';
import type { EndpointSettings } from '../protocol/container_config.ts';
import { EngineError } from '../protocol/errors.ts';
import { KeyedLock } from '../store/holds.ts';
import { Attacher } from './attach.ts';
import { type CreateRequest, completeNetwork, hostSubnets } from './create.ts';
import { DnsServer } from './dns_server.ts';
import { type Endpoint, NetworkState } from './endpoints.ts';
import { toFailure } from './failures.ts';
import { firewallNetwork } from './firewall_network.ts';
import { prepareLink, removeLink } from './links.ts';
import { nameSource, plainResolvConf } from './names.ts';
import { type Naming, namingFor } from './naming.ts';
import { fromPortMap, portWishes } from './port_map.ts';
import { addPredefined } from './predefined.ts';
import { PublishedPorts } from './published.ts';
import { type NetworkRecord, NetworkRecords } from './records.ts';
import { RuleTable } from './table.ts';
import { describeNetwork } from './views.ts';

export class NetworkStore implements Networks {
  readonly context: EngineContext;
  readonly records: NetworkRecords;
  readonly uses: Pick<ContainerUses, 'usersOfNetwork'>;
  readonly states = new Map<string, NetworkState>();
  readonly resolvers = new Map<string, DnsServer>();
  readonly naming: Naming;
  readonly rules: RuleTable;
  readonly ports: PublishedPorts;
  readonly #attacher: Attacher;
  readonly #locks = new KeyedLock();
  /** Networks whose bridge, rules and resolver are there. */
  readonly #ready = new Set<string>();

  constructor(context: EngineContext, uses: Pick<ContainerUses, 'usersOfNetwork'>) {
    this.context = context;
    this.uses = uses;
    this.records = new NetworkRecords(context.database);
    this.naming = namingFor(context.paths);
    this.rules = new RuleTable(this.naming.table, context.options.firewall);
    this.ports = new PublishedPorts(this.rules, context.hostPorts);
    this.#attacher = new Attacher(this);
  }

  get options(): EngineContext['options'] {
    return this.context.options;
  }

  /** Records the networks that are always there. */
  static async open(context: EngineContext, uses: Pick<ContainerUses, 'usersOfNetwork'>): Promise<NetworkStore> {
    const store = new NetworkStore(context, uses);
    if (store.records.all().length === 0)
      addPredefined(store.records, store.naming, context.options, await store.#hostSubnets());
    for (const record of store.records.all()) store.states.set(record.id, new NetworkState(record));
    return store;
  }

  async #hostSubnets() {
    return hostSubnets(await listRoutes(), await listAddresses());
  }

  /** By name, id or the beginning of one. Throws NotFound. */
  find(text: string): NetworkRecord {
    const name = text === 'default' || text === '' ? 'bridge' : text;
    const found = this.records.byName(name) ?? this.records.get(name);
    if (found !== undefined) return found;
    const [first, second] = this.records.byPrefix(name);
    if (second !== undefined)
      throw new EngineError('InvalidArgument', `several networks begin with "${name}"; give more of the id`);
    if (first !== undefined) return first;
    throw new EngineError('NotFound', `network ${name} not found`, {
      remedy: 'See which there are: slipway network ls',
    });
  }

  state(record: NetworkRecord): NetworkState {
    const state = this.states.get(record.id);
    if (state === undefined) throw new EngineError('NotFound', `network ${record.name} not found`);
    return state;
  }

  async create(request: CreateRequest): Promise<NetworkRecord> {
    return this.#locks.run('create', async () => {
      const record = completeNetwork(request, {
        options: this.options,
        naming: this.naming,
        existing: this.records.all(),
        host: await this.#hostSubnets(),
      });
      this.records.add(record);
      this.states.set(record.id, new NetworkState(record));
      try {
        await this.ensureReady(record);
      } catch (error) {
        await this.#dismantle(record);
        this.records.remove(record.id);
        this.states.delete(record.id);
        throw error;
      }
      this.publish('create', record);
      return record;
    });
  }

  /** Makes what the network needs on the host, once. */
  ensureReady(record: NetworkRecord): Promise<void> {
    if (this.#ready.has(record.id) || record.driver === 'host' || record.driver === 'none') return Promise.resolve();
    return this.#locks.run(record.id, async () => {
      if (this.#ready.has(record.id)) return;
      try {
        if (record.driver === 'bridge' && !record.internal && this.options.ipForward)
          await this.#enableForwarding(record);
        await prepareLink(record, this.options.mtu);
        if (record.driver === 'bridge') {
          await this.rules.addNetwork(firewallNetwork(record, this.options));
          await this.#startResolver(record);
        }
      } catch (error) {
        throw toFailure(error, `set up network ${record.name}`);
      }
      this.#ready.add(record.id);
    });
  }

  async #enableForwarding(record: NetworkRecord): Promise<void> {
    await applyNetwork([
      { do: 'sysctl', key: 'net/ipv4/ip_forward', value: '1' },
      ...(record.ipv6 ? [{ do: 'sysctl' as const, key: 'net/ipv6/conf/all/forwarding', value: '1' }] : []),
    ]);
  }

  async #startResolver(record: NetworkRecord): Promise<void> {
    if (this.resolvers.has(record.id)) return;
    const pool = record.pools.find(({ Subnet }) => !Subnet.includes(':')) ?? record.pools[0];
    if (pool === undefined) return;
    try {
      this.resolvers.set(record.id, await DnsServer.listen(pool.Gateway, nameSource(this, record.id)));
    } catch (error) {
      // Some other resolver has port 53 of every address: containers then get the host's resolvers.
      this.context.log.warn('names do not resolve on a network: its resolver cannot listen', {
        network: record.name,
        address: pool.Gateway,
        error: String(error),
      });
    }
  }

  async #dismantle(record: NetworkRecord): Promise<void> {
    this.#ready.delete(record.id);
    await this.resolvers.get(record.id)?.[Symbol.asyncDispose]();
    this.resolvers.delete(record.id);
    if (record.driver !== 'bridge' && record.driver !== 'macvlan' && record.driver !== 'ipvlan') return;
    await this.rules.removeNetwork(record.id.slice(0, 12));
    await removeLink(record);
  }

  async remove(text: string): Promise<void> {
    const record = this.find(text);
    if (record.predefined)
      throw new EngineError('PermissionDenied', `${record.name} is a pre-defined network and cannot be removed`);
    await this.#locks.run('create', async () => {
      if (record.configuration !== undefined && this.records.all().some(({ configFrom }) => configFrom === record.name))
        throw new EngineError(
          'PermissionDenied',
          `error while removing network: configuration network "${record.name}" is in use`,
        );
      const state = this.state(record);
      const [endpoint] = state.endpoints.values();
      if (endpoint !== undefined)
        throw new EngineError(
          'Conflict',
          `error while removing network: network ${record.name} has active endpoints (name:"${endpoint.container.name.replace(/^\//, '')}" id:"${endpoint.container.id.slice(0, 12)}")`,
          {
            remedy: `Disconnect or stop them first: slipway network disconnect ${record.name} ${endpoint.container.name.replace(/^\//, '')}`,
          },
        );
      this.states.delete(record.id);
      await this.#dismantle(record);
      this.records.remove(record.id);
    });
    this.publish('destroy', record);
  }

  publish(action: string, record: NetworkRecord, attributes: Readonly<Record<string, string>> = {}): void {
    const state = this.states.get(record.id);
    this.context.events.publish({
      type: 'network',
      action,
      id: record.id,
      attributes: { name: record.name, type: record.driver, ...attributes },
      record: state === undefined ? null : describeNetwork(state),
    });
  }

  validate(client: NetworkClient): void {
    this.#attacher.wishes(client);
    portWishes(client.portBindings, client.exposedPorts, client.publishAll);
  }

  attach(client: NetworkClient, pid: number): Promise<NetworkAttachment> {
    return this.#attacher.attach(client, pid);
  }

  connect(client: NetworkClient, pid: number, network: string, settings: EndpointSettings): Promise<NetworkAttachment> {
    return this.#attacher.connect(client, pid, network, settings);
  }

  disconnect(client: NetworkClient, pid: number, network: string): Promise<void> {
    return this.#attacher.disconnect(client, pid, network);
  }

  async release(containerId: string): Promise<void> {
    await this.ports.unpublish(containerId);
    for (const endpoint of this.endpointsOf(containerId)) this.forget(endpoint);
  }

  forget(endpoint: Endpoint): void {
    this.state(endpoint.network).remove(endpoint);
    this.publish('disconnect', endpoint.network, { container: endpoint.container.id });
  }

  endpointsOf(containerId: string): Endpoint[] {
    return [...this.states.values()].flatMap((state) => state.ofContainer(containerId) ?? []);
  }

  plainResolvConf(client: Pick<NetworkClient, 'dns' | 'dnsSearch' | 'dnsOptions'>): string {
    return plainResolvConf(client, this.options);
  }

  async restore(
    running: readonly { client: NetworkClient; pid: number; attachment: NetworkAttachment }[],
  ): Promise<void> {
    const ports = [];
    const live = new Set<string>();
    for (const { client, attachment } of running) {
      const endpoints = Object.values(attachment.endpoints).flatMap((settings) => {
        const record = this.records.get(settings.NetworkID ?? '');
        return record === undefined ? [] : [this.state(record).restore(client, settings)];
      });
      for (const endpoint of endpoints) live.add(this.naming.veth(endpoint.id));
      const way = this.#attacher.wayOut(endpoints);
      if (way !== undefined) ports.push(...(await this.ports.restore(way, fromPortMap(attachment.ports))));
    }
    const links = (await listLinks()).map(({ name }) => name);
    const kept = new Set([...live, ...this.records.all().map(({ link }) => link)]);
    for (const link of links)
      if (this.naming.isOurs(link) && !kept.has(link))
        await applyNetwork([{ do: 'deleteLink', link, missingOk: true }]);
    const bridges = this.records.all().filter(({ driver, link }) => driver === 'bridge' && links.includes(link));
    await this.rules.rebuild(
      bridges.map((record) => firewallNetwork(record, this.options)),
      ports,
    );
    for (const record of bridges) await this.ensureReady(record);
  }

  /**
   * At the helper's end: what no running container needs is taken away, and is made again on first use. Interfaces, rules and
   * published ports of the containers that go on stay.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { record, endpoints } of this.states.values())
      if (endpoints.size === 0 && this.#ready.has(record.id)) await this.#dismantle(record);
    for (const resolver of this.resolvers.values()) await resolver[Symbol.asyncDispose]();
    this.resolvers.clear();
  }
}
