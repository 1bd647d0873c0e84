// /networks and /volumes.
import { EngineError, isEngineError } from '../../protocol/errors.ts';
import type { Network } from '../../protocol/network.ts';
import type { Volume } from '../../protocol/volume.ts';
import { HttpError } from '../failure.ts';
import { section, textField } from '../request_body.ts';
import { checked, defined, type Route, route } from './route.ts';

export const networkRoutes: readonly Route[] = [
  route('GET', '/networks', async (x) => {
    const networks = await x.call('network.list', { Filters: x.filters() });
    x.json(200, networks.map(networkView));
  }),

  route('POST', '/networks/create', async (x) => {
    const body = (await x.body()) ?? {};
    if (body['Scope'] === 'swarm')
      throw new HttpError(403, 'cannot create a swarm scoped network when swarm is not active');
    if (body['Ingress'] === true) throw new HttpError(403, 'Ingress network can only be global scope network');
    if (body['Driver'] === 'overlay') throw new HttpError(403, notInSwarm);
    const {
      Name,
      Driver,
      Internal,
      Attachable,
      EnableIPv4,
      EnableIPv6,
      IPAM,
      Options,
      Labels,
      ConfigOnly,
      ConfigFrom,
    } = body;
    const addresses = { EnableIPv4, EnableIPv6, IPAM };
    const params = { Name, Driver, Internal, Attachable, ...addresses, Options, Labels, ConfigOnly, ConfigFrom };
    const request = checked('network.create', defined(params));
    x.json(
      201,
      await findingDriver(() => forbidding(() => x.call('network.create', request), /predefined|Pool overlaps/)),
    );
  }),

  route('POST', '/networks/prune', async (x) => {
    const { NetworksDeleted } = await x.call('network.prune', { Filters: x.filters() });
    x.json(200, { NetworksDeleted: NetworksDeleted.length > 0 ? NetworksDeleted : null });
  }),

  route('GET', '/networks/{id}', async (x) => {
    const params = defined({ Network: x.name, Verbose: x.flag('verbose'), Scope: x.text('scope') });
    x.json(200, networkView(await x.call('network.inspect', params)));
  }),

  route('DELETE', '/networks/{id}', async (x) => {
    await forbidding(() => x.call('network.remove', { Network: x.name }), /active endpoints/);
    x.empty(204);
  }),

  route('POST', '/networks/{id}/connect', async (x) => {
    const { Container, EndpointConfig } = (await x.body()) ?? {};
    const params = checked('network.connect', defined({ Network: x.name, Container, EndpointConfig }));
    await forbidding(() => x.call('network.connect', params), /already exists in network/);
    x.empty(200);
  }),

  route('POST', '/networks/{id}/disconnect', async (x) => {
    const { Container, Force } = (await x.body()) ?? {};
    await x.call('network.disconnect', checked('network.disconnect', defined({ Network: x.name, Container, Force })));
    x.empty(200);
  }),
];

export const volumeRoutes: readonly Route[] = [
  route('GET', '/volumes', async (x) => {
    const { Volumes, Warnings } = await x.call('volume.list', { Filters: x.filters() });
    x.json(200, { Volumes: Volumes.map(volumeView), Warnings: Warnings.length > 0 ? Warnings : null });
  }),

  route('POST', '/volumes/create', async (x) => {
    const body = (await x.body()) ?? {};
    if (body['ClusterVolumeSpec'] !== undefined) throw new HttpError(503, notInSwarm);
    const params = defined({
      Name: textField(body, 'Name'),
      Driver: textField(body, 'Driver'),
      DriverOpts: section(body, 'DriverOpts'),
      Labels: section(body, 'Labels'),
    });
    const request = checked('volume.create', params);
    x.json(201, volumeView(await findingDriver(() => x.call('volume.create', request))));
  }),

  route('POST', '/volumes/prune', async (x) => {
    // Until 1.41 every unused volume went, not only the anonymous ones.
    const filters = x.version < 42 ? { ...x.filters(), all: ['true'] } : x.filters();
    x.json(200, await x.call('volume.prune', { Filters: filters }));
  }),

  route('GET', '/volumes/{name}', async (x) => {
    x.json(200, volumeView(await x.call('volume.inspect', { Volume: x.name })));
  }),

  route('DELETE', '/volumes/{name}', async (x) => {
    await x.call('volume.remove', { Volume: x.name, Force: x.flag('force') });
    x.empty(204);
  }),

  route('PUT', '/volumes/{name}', async () => {
    throw new HttpError(503, notInSwarm);
  }),
];

/** Drivers are plugins to dockerd. */
async function findingDriver<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const driver = isEngineError(error, 'Unsupported') ? /there is no \S* ?driver "(.*?)"/.exec(error.message) : null;
    throw driver === null ? error : new HttpError(404, `plugin "${driver[1]}" not found`);
  }
}

/** Conflicts of networks that dockerd calls forbidden. */
async function forbidding<T>(work: () => Promise<T>, which: RegExp): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EngineError && which.test(error.message)) throw new HttpError(403, error.message);
    throw error;
  }
}

/** Empty maps are nil in dockerd. */
function orNull<T extends object>(map: T): T | null {
  return Object.keys(map).length > 0 ? map : null;
}

function networkView(network: Network): object {
  return { ...network, IPAM: { ...network.IPAM, Options: orNull(network.IPAM.Options ?? {}) } };
}

export function volumeView(volume: Volume): object {
  return { ...volume, Options: orNull(volume.Options) };
}

export const notInSwarm =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
