// network.connect and network.disconnect: they change a container's record, and its interfaces if it runs.

import type { EndpointSettings } from '../protocol/container_config.ts';
import { EngineError } from '../protocol/errors.ts';
import type { HandlersOf } from '../protocol/handler.ts';
import type { networkMethods } from '../protocol/network.ts';
import type { Container } from './container.ts';
import type { NetworkAttachment } from './dependencies.ts';
import { rewriteEtcFiles } from './etc_files.ts';
import { networkClient } from './network_client.ts';
import { type ContainerServices, publish } from './services.ts';

/** Names of networks by any way to write them; gives the name. Throws NotFound. */
export type NameNetwork = (reference: string) => { readonly name: string; readonly id: string };

function assertChangeable({ record, removal }: Container): void {
  const mode = record.hostConfig.NetworkMode ?? '';
  if (removal !== undefined) throw new EngineError('Conflict', `container ${record.id} is being removed`);
  if (mode === 'host')
    throw new EngineError(
      'InvalidArgument',
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  if (mode.startsWith('container:'))
    throw new EngineError(
      'InvalidArgument',
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
}

/** The key under which the record has the network: its name, or as it was written at creation. */
function endpointKey(
  { record }: Container,
  network: { readonly name: string; readonly id: string },
): string | undefined {
  return Object.keys(record.endpoints).find(
    (key) => key === network.name || key === network.id || (network.name === 'bridge' && key === 'default'),
  );
}

async function connect(
  services: ContainerServices,
  container: Container,
  network: { readonly name: string; readonly id: string },
  settings: EndpointSettings,
): Promise<void> {
  await container.exclusive(async () => {
    assertChangeable(container);
    const { record } = container;
    if (network.name === 'host' || network.name === 'none')
      throw new EngineError(
        'InvalidArgument',
        `container cannot be connected to network ${network.name} after its creation`,
      );
    if (endpointKey(container, network) !== undefined)
      throw new EngineError('Conflict', `endpoint with name ${record.name} already exists in network ${network.name}`);
    const endpoints = { ...record.endpoints, [network.name]: settings };
    // A container that was alone (none) gets its first network.
    const hostConfig =
      record.hostConfig.NetworkMode === 'none'
        ? { ...record.hostConfig, NetworkMode: network.name }
        : record.hostConfig;
    const changed = { ...record, endpoints, hostConfig };
    services.networks.validate(networkClient(changed));
    if (container.isRunning) {
      const attachment = await services.networks.connect(
        networkClient(changed),
        record.state.pid,
        network.name,
        settings,
      );
      record.attachment = attachment;
    }
    record.endpoints = endpoints;
    record.hostConfig = hostConfig;
    services.store.save(container);
    if (container.isRunning) rewriteEtcFiles(services, record);
    announce(services, container, network, 'connect');
  });
}

function without(attachment: NetworkAttachment, network: string): NetworkAttachment {
  const { [network]: gone, ...endpoints } = attachment.endpoints;
  const addresses = [gone?.IPAddress, gone?.GlobalIPv6Address];
  return {
    ...attachment,
    endpoints,
    addresses: attachment.addresses.filter((address) => !addresses.includes(address)),
  };
}

async function disconnect(
  services: ContainerServices,
  container: Container,
  network: { readonly name: string; readonly id: string },
): Promise<void> {
  await container.exclusive(async () => {
    assertChangeable(container);
    const { record } = container;
    const key = endpointKey(container, network);
    if (key === undefined)
      throw new EngineError('Conflict', `container ${record.id} is not connected to network ${network.name}`);
    const before = { ...record };
    const { [key]: _, ...rest } = record.endpoints;
    record.endpoints = rest;
    const wasMain =
      record.hostConfig.NetworkMode === key || (key === 'bridge' && record.hostConfig.NetworkMode === 'default');
    if (wasMain) record.hostConfig = { ...record.hostConfig, NetworkMode: Object.keys(rest)[0] ?? 'none' };
    if (record.attachment !== undefined) record.attachment = without(record.attachment, network.name);
    // First the record: an interface that it does not name is taken away by the next helper, if this one does not come to it.
    services.store.save(container);
    try {
      if (container.isRunning)
        await services.networks.disconnect(networkClient(before), record.state.pid, network.name);
    } catch (error) {
      Object.assign(record, before);
      services.store.save(container);
      throw error;
    }
    if (container.isRunning) rewriteEtcFiles(services, record);
    announce(services, container, network, 'disconnect');
  });
}

function announce(
  services: ContainerServices,
  container: Container,
  network: { readonly name: string; readonly id: string },
  action: string,
): void {
  services.context.events.publish({
    type: 'network',
    action,
    id: network.id,
    attributes: { container: container.id, name: network.name, type: 'bridge' },
  });
  // The container's own row changed too: its addresses are in it.
  publish(services, container, 'update');
}

export function connectHandlers(
  services: ContainerServices,
  name: NameNetwork,
): Pick<HandlersOf<typeof networkMethods>, 'network.connect' | 'network.disconnect'> {
  return {
    'network.connect': async ({ Network, Container, EndpointConfig }) => {
      await connect(services, services.store.find(Container), name(Network), EndpointConfig ?? {});
      return null;
    },
    'network.disconnect': async ({ Network, Container }) => {
      await disconnect(services, services.store.find(Container), name(Network));
      return null;
    },
  };
}
