// A container's record as networks see it.
import type { HostConfig } from '../protocol/container_config.ts';
import type { NetworkClient } from './dependencies.ts';
import type { ContainerRecord } from './record.ts';

/** False for host, none and container:…: the engine's networks have no part in those. */
export function usesNetworks({ NetworkMode = 'default' }: HostConfig): boolean {
  return NetworkMode !== 'host' && NetworkMode !== 'none' && !NetworkMode.startsWith('container:');
}

export function networkClient({ id, name, config, hostConfig, endpoints }: ContainerRecord): NetworkClient {
  return {
    id,
    name,
    hostname: config.Hostname ?? '',
    networkMode: hostConfig.NetworkMode ?? 'default',
    endpoints,
    portBindings: hostConfig.PortBindings ?? {},
    publishAll: hostConfig.PublishAllPorts === true,
    exposedPorts: Object.keys(config.ExposedPorts ?? {}),
    dns: hostConfig.Dns ?? [],
    dnsSearch: hostConfig.DnsSearch ?? [],
    dnsOptions: hostConfig.DnsOptions ?? [],
    sysctls: hostConfig.Sysctls ?? {},
  };
}
