// Networks that are a configuration only (`--config-only`): nothing is made of them but by others that name them (`--config-from`).
import { EngineError } from '../protocol/errors.ts';
import type { Ipam } from '../protocol/network.ts';
import type { CreateRequest } from './create.ts';
import type { NetworkRecord } from './records.ts';

/** The subnets that a configuration gives, as they were asked for. */
export type Configuration = NonNullable<Ipam['Config']>;

/** Throws PermissionDenied for what concerns one network and not those that take the configuration. */
export function configurationOf({ ConfigFrom, Internal, Attachable, IPAM }: CreateRequest): Configuration {
  if (ConfigFrom?.Network)
    throw new EngineError('PermissionDenied', 'a configuration network cannot depend on another configuration network');
  if (Internal === true || Attachable === true)
    throw new EngineError(
      'PermissionDenied',
      'configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.',
    );
  return (IPAM?.Config ?? []).map((pool) => ({ ...pool }));
}

/** The request completed by the configuration that it names. Throws NotFound, PermissionDenied. */
export function configured(request: CreateRequest, existing: readonly NetworkRecord[]): CreateRequest {
  const wanted = request.ConfigFrom?.Network;
  if (!wanted) return request;
  const source = existing.find(
    ({ id, name, configuration }) => configuration !== undefined && [id, name].includes(wanted),
  );
  if (source?.configuration === undefined)
    throw new EngineError('NotFound', `configuration network "${wanted}" does not exist`);
  const { IPAM, EnableIPv6, Labels = {}, Options = {} } = request;
  const own = [IPAM?.Config ?? [], IPAM?.Options ?? {}, Labels].some((part) => Object.keys(part).length > 0);
  if (own || EnableIPv6 === true)
    throw new EngineError(
      'PermissionDenied',
      'user specified configurations are not supported if the network depends on a configuration network',
    );
  if (Object.keys(Options).length > 0)
    throw new EngineError(
      'PermissionDenied',
      'network driver options are not supported if the network depends on a configuration network',
    );
  return {
    ...request,
    ConfigFrom: { Network: source.name },
    EnableIPv4: source.ipv4,
    EnableIPv6: source.ipv6,
    IPAM: { Driver: source.ipamDriver, Options: { ...source.ipamOptions }, Config: [...source.configuration] },
    Options: source.options,
    Labels: source.labels,
  };
}
