// Networks: bridge, host, none, macvlan, ipvlan.
import { type Static, Type } from 'typebox';
import { EndpointSettingsSchema } from './container_config.ts';
import { call, containerRef, filters, flag, optionalText, params, text, textMap } from './method.ts';

const IpamSchema = Type.Object({
  Driver: optionalText(),
  Options: Type.Optional(textMap()),
  Config: Type.Optional(
    Type.Array(
      Type.Object({
        Subnet: optionalText(),
        IPRange: optionalText(),
        Gateway: optionalText(),
        AuxiliaryAddresses: Type.Optional(textMap()),
      }),
    ),
  ),
});
export type Ipam = Static<typeof IpamSchema>;

/** Also the row of a list. `Containers` is filled by inspect only. Events carry it as `Record`. */
export interface Network {
  Name: string;
  Id: string;
  Created: string;
  Scope: 'local';
  Driver: string;
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  IPAM: Ipam;
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigFrom: { Network: string };
  ConfigOnly: boolean;
  Containers: Record<string, NetworkContainer>;
  Options: Record<string, string>;
  Labels: Record<string, string>;
}

interface NetworkContainer {
  Name: string;
  EndpointID: string;
  MacAddress: string;
  /** With prefix length: `172.18.0.2/16`. */
  IPv4Address: string;
  IPv6Address: string;
}

export const networkMethods = {
  'network.list': call<Network[]>()({
    summary: 'Lists networks. Filters: dangling driver id label name scope type.',
    params: params({ Filters: filters() }),
  }),
  'network.inspect': call<Network>()({
    summary: 'One network with its containers.',
    params: params({ Network: text(), Verbose: flag(), Scope: optionalText() }),
    errors: ['NotFound'],
  }),
  'network.create': call<{ Id: string; Warning: string }>()({
    summary: 'Creates a network.',
    params: params({
      Name: text(),
      Driver: optionalText(),
      Internal: flag(),
      Attachable: flag(),
      ConfigOnly: flag(),
      ConfigFrom: Type.Optional(Type.Object({ Network: optionalText() })),
      EnableIPv4: flag(),
      EnableIPv6: flag(),
      IPAM: Type.Optional(IpamSchema),
      Options: Type.Optional(textMap()),
      Labels: Type.Optional(textMap()),
    }),
    errors: ['AlreadyExists', 'NotFound', 'Conflict', 'ResourceExhausted', 'PermissionDenied', 'Unsupported'],
  }),
  'network.remove': call<null>()({
    summary: 'Removes a network that no running container is on.',
    params: params({ Network: text() }),
    errors: ['NotFound', 'Conflict', 'PermissionDenied'],
  }),
  'network.connect': call<null>()({
    summary: 'Puts a container, running or not, on one more network.',
    params: params({
      Network: text(),
      Container: containerRef(),
      EndpointConfig: Type.Optional(EndpointSettingsSchema),
    }),
    errors: ['NotFound', 'Conflict', 'PermissionDenied', 'ResourceExhausted'],
  }),
  'network.disconnect': call<null>()({
    summary: 'Takes a container off a network.',
    params: params({ Network: text(), Container: containerRef(), Force: flag() }),
    errors: ['NotFound', 'Conflict', 'PermissionDenied'],
  }),
  'network.prune': call<{ NetworksDeleted: string[] }>()({
    summary: 'Removes every network that no container uses. Filters: label label! until.',
    params: params({ Filters: filters() }),
  }),
} as const;
