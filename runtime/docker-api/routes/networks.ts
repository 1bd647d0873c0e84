// /networks and /volumes.
import { HttpError } from '../failure.ts';
import { section, textField } from '../request_body.ts';
import { checked, defined, type Route, route } from './route.ts';

export const networkRoutes: readonly Route[] = [
  route('GET', '/networks', async (x) => x.json(200, await x.call('network.list', { Filters: x.filters() }))),

  route('POST', '/networks/create', async (x) => {
    const body = (await x.body()) ?? {};
    if (body['Scope'] === 'swarm' || body['Ingress'] === true) throw new HttpError(503, notInSwarm);
    const { Name, Driver, Internal, Attachable, EnableIPv4, EnableIPv6, IPAM, Options, Labels } = body;
    const params = { Name, Driver, Internal, Attachable, EnableIPv4, EnableIPv6, IPAM, Options, Labels };
    x.json(201, await x.call('network.create', checked('network.create', defined(params))));
  }),

  route('POST', '/networks/prune', async (x) => {
    const { NetworksDeleted } = await x.call('network.prune', { Filters: x.filters() });
    x.json(200, { NetworksDeleted: NetworksDeleted.length > 0 ? NetworksDeleted : null });
  }),

  route('GET', '/networks/{id}', async (x) => {
    const params = defined({ Network: x.name, Verbose: x.flag('verbose'), Scope: x.text('scope') });
    x.json(200, await x.call('network.inspect', params));
  }),

  route('DELETE', '/networks/{id}', async (x) => {
    await x.call('network.remove', { Network: x.name });
    x.empty(204);
  }),

  route('POST', '/networks/{id}/connect', async (x) => {
    const { Container, EndpointConfig } = (await x.body()) ?? {};
    const params = checked('network.connect', defined({ Network: x.name, Container, EndpointConfig }));
    await x.call('network.connect', params);
    x.plain(200, '');
  }),

  route('POST', '/networks/{id}/disconnect', async (x) => {
    const { Container, Force } = (await x.body()) ?? {};
    await x.call('network.disconnect', checked('network.disconnect', defined({ Network: x.name, Container, Force })));
    x.plain(200, '');
  }),
];

export const volumeRoutes: readonly Route[] = [
  route('GET', '/volumes', async (x) => {
    const { Volumes, Warnings } = await x.call('volume.list', { Filters: x.filters() });
    x.json(200, { Volumes, Warnings: Warnings.length > 0 ? Warnings : null });
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
    x.json(201, await x.call('volume.create', checked('volume.create', params)));
  }),

  route('POST', '/volumes/prune', async (x) => {
    // Until 1.41 every unused volume went, not only the anonymous ones.
    const filters = x.version < 42 ? { ...x.filters(), all: ['true'] } : x.filters();
    x.json(200, await x.call('volume.prune', { Filters: filters }));
  }),

  route('GET', '/volumes/{name}', async (x) => x.json(200, await x.call('volume.inspect', { Volume: x.name }))),

  route('DELETE', '/volumes/{name}', async (x) => {
    await x.call('volume.remove', { Volume: x.name, Force: x.flag('force') });
    x.empty(204);
  }),

  route('PUT', '/volumes/{name}', async () => {
    throw new HttpError(503, notInSwarm);
  }),
];

export const notInSwarm =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
