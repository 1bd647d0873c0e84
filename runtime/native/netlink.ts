// Network interfaces, addresses and routes (rtnetlink), and the sysctls beside them.
import { invoke } from './native.ts';

/** One step of apply(). Links are named; `link` is the name of the link that the step is about. */
export type NetworkStep =
  | {
      do: 'addBridge';
      link: string;
      mac?: string;
      mtu?: number /** Default false. */;
      stp?: boolean;
      vlanFiltering?: boolean;
    }
  /** Both ends are down; the peer can be born in another namespace. */
  | {
      do: 'addVeth';
      link: string;
      mac?: string;
      mtu?: number;
      /** A bridge for the near end. */
      master?: string;
      peer: {
        name: string;
        mac?: string;
        mtu?: number /** A descriptor of its network namespace. */;
        namespace?: number;
      };
    }
  | {
      do: 'addMacvlan';
      link: string;
      parent: string;
      mode?: 'bridge' | 'private' | 'vepa' | 'passthru';
      mac?: string;
      mtu?: number;
      namespace?: number;
    }
  | {
      do: 'addIpvlan';
      link: string;
      parent: string;
      mode?: 'l2' | 'l3' | 'l3s';
      flag?: 'bridge' | 'private' | 'vepa';
      mtu?: number;
      namespace?: number;
    }
  | { do: 'addVlan'; link: string; parent: string; id: number }
  | { do: 'addDummy'; link: string; mac?: string; mtu?: number }
  /** Any of: state, name, MTU, MAC, bridge (null takes it out), hairpin mode of a bridge's port, and last the namespace. */
  | {
      do: 'setLink';
      link: string;
      up?: boolean;
      name?: string;
      mtu?: number;
      mac?: string;
      master?: string | null;
      hairpin?: boolean;
      namespace?: number;
    }
  /** `missingOk`: a link that isn't there is no error. */
  | { do: 'deleteLink'; link: string; missingOk?: boolean }
  /** `address` with its prefix: `10.0.0.2/24`. IPv6 addresses skip duplicate detection unless `detectDuplicates`. An address already there is no error. */
  | {
      do: 'addAddress';
      link: string;
      address: string;
      broadcast?: string;
      scope?: 'global' | 'link' | 'host';
      detectDuplicates?: boolean;
    }
  | { do: 'deleteAddress'; link: string; address: string; missingOk?: boolean }
  /** `destination` is `default` (of the gateway's family) or a network with its prefix. A route already there is replaced. */
  | {
      do: 'addRoute';
      destination: string;
      gateway?: string;
      link?: string;
      source?: string;
      metric?: number;
      table?: number /** The gateway need not be on the link. */;
      onlink?: boolean;
    }
  | {
      do: 'deleteRoute';
      destination: string;
      gateway?: string;
      link?: string;
      metric?: number;
      table?: number;
      missingOk?: boolean;
    }
  /** Dotted (`net.ipv4.ip_forward`) or with slashes where a link's name has dots (`net/ipv4/conf/eth0.1/forwarding`). */
  | { do: 'sysctl'; key: string; value: string; missingOk?: boolean };

export interface Link {
  index: number;
  name: string;
  /** `bridge`, `veth`, `macvlan`, …; absent for physical links and loopback. */
  kind?: string;
  mac: string;
  mtu: number;
  up: boolean;
  /** The carrier is there (IFF_RUNNING). */
  running: boolean;
  loopback: boolean;
  /** Index of the bridge that it is a port of. */
  master?: number;
  /** Index of the parent or peer (in `peerNamespaceId` if that is given). */
  parent?: number;
  peerNamespaceId?: number;
  statistics: {
    rxBytes: number;
    rxPackets: number;
    rxErrors: number;
    rxDropped: number;
    txBytes: number;
    txPackets: number;
    txErrors: number;
    txDropped: number;
  };
}

export interface Address {
  link: number;
  /** With its prefix: `10.0.0.2/24`. */
  address: string;
  family: 'ipv4' | 'ipv6';
  scope: 'global' | 'site' | 'link' | 'host' | 'nowhere';
  /** Duplicate detection is not done, or has failed. */
  tentative: boolean;
  duplicate: boolean;
}

export interface Route {
  family: 'ipv4' | 'ipv6';
  /** `default` or a network with its prefix. */
  destination: string;
  gateway?: string;
  link?: number;
  source?: string;
  metric: number;
  table: number;
  type:
    | 'unicast'
    | 'local'
    | 'broadcast'
    | 'anycast'
    | 'multicast'
    | 'blackhole'
    | 'unreachable'
    | 'prohibit'
    | 'other';
  /** Who made it (RTPROT_*): 2 kernel, 3 boot, 4 static. */
  protocol: number;
}

/** A network namespace by descriptor; none is the caller's own. */
export interface InNamespace {
  namespace?: number;
}

/**
 * Does the steps in order, in one go, and stops at the first that fails: the error's message names the step. Steps done
 * before stay done. EPERM, EOPNOTSUPP (a kernel without that kind of link) and so on are told in the kernel's own words
 * where it has some.
 */
export function applyNetwork(steps: readonly NetworkStep[], { namespace = -1 }: InNamespace = {}): Promise<void> {
  return invoke('netlink.apply', { steps, namespace });
}

export function listLinks({ namespace = -1 }: InNamespace = {}): Promise<Link[]> {
  return invoke('netlink.links', { namespace });
}

export function listAddresses({ namespace = -1 }: InNamespace = {}): Promise<Address[]> {
  return invoke('netlink.addresses', { namespace });
}

/** The routes of all tables, the kernel's `local` one included. */
export function listRoutes({ namespace = -1 }: InNamespace = {}): Promise<Route[]> {
  return invoke('netlink.routes', { namespace });
}

/** A sysctl's value, without the newline. */
export function readSysctl(key: string, { namespace = -1 }: InNamespace = {}): Promise<string> {
  return invoke('netlink.readSysctl', { key, namespace });
}

/**
 * Forgets tracked connections, so that a newly published UDP port does not go on with an old destination. The filter
 * matches a connection's original direction, or its reply's source (the container behind a published port). The number
 * of connections forgotten.
 */
export function flushConntrack(
  filter: { protocol: 'tcp' | 'udp' | 'sctp'; destinationPort?: number; destination?: string; replySource?: string },
  { namespace = -1 }: InNamespace = {},
): Promise<number> {
  return invoke('netlink.flushConntrack', { ...filter, namespace });
}
