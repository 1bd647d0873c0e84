// nftables: transactions on own tables. What is written here can be read with `nft list ruleset`.
import { invoke } from './native.ts';

/** `inet` is IPv4 and IPv6 in one table. */
type Family = 'inet' | 'ip' | 'ip6';

export interface TableName {
  family: Family;
  table: string;
}

/** What a field of a packet is compared with; in sets and maps the type of a key or a value. */
type SetType = 'ipv4_addr' | 'ipv6_addr' | 'inet_service' | 'inet_proto' | 'ifname' | 'mark' | 'verdict';

/** A field that an expression reads. `saddr4` and so on say which IP version; rules in `inet` tables imply it as a match. */
type Field =
  | 'iifname'
  | 'oifname'
  | 'saddr4'
  | 'daddr4'
  | 'saddr6'
  | 'daddr6'
  | 'l4proto'
  | 'sport'
  | 'dport'
  | 'mark'
  | 'ctmark';

type Verdict = 'accept' | 'drop' | 'return' | { jump: string } | { goto: string };

/** A part of a rule, matched or done from left to right. */
export type Expression =
  /** An interface by name; `docker*` matches a prefix. */
  | { match: 'iifname' | 'oifname'; value: string; not?: boolean }
  /** An address, or a network with its prefix, of either family. */
  | { match: 'saddr' | 'daddr'; value: string; not?: boolean }
  | { match: 'l4proto'; value: 'tcp' | 'udp' | 'sctp' | 'icmp' | 'icmpv6'; not?: boolean }
  /** A port or a range of them, of that protocol. */
  | {
      match: 'sport' | 'dport';
      protocol: 'tcp' | 'udp' | 'sctp';
      value: number | readonly [number, number];
      not?: boolean;
    }
  | {
      match: 'ctState';
      value: ReadonlyArray<'new' | 'established' | 'related' | 'invalid' | 'untracked'>;
      not?: boolean;
    }
  /** The connection's destination (or source) is translated. */
  | { match: 'ctStatus'; value: ReadonlyArray<'dnat' | 'snat'>; not?: boolean }
  | { match: 'mark' | 'ctmark'; value: number; mask?: number; not?: boolean }
  /** Whether the address is one of this machine's own (fib daddr type local). */
  | { match: 'daddrType' | 'saddrType'; value: 'local' | 'broadcast' | 'multicast' | 'unicast'; not?: boolean }
  | { match: 'nfproto'; value: 'ipv4' | 'ipv6'; not?: boolean }
  /** The fields, concatenated, are in a named set: `ip daddr . tcp dport @published`. */
  | { match: 'set'; fields: readonly Field[]; set: string; not?: boolean }
  /** A named verdict map decides. */
  | { verdictMap: string; fields: readonly Field[] }
  | { setMark: number }
  | { setCtMark: number }
  | 'counter'
  | { log: string }
  | { reject: 'port-unreachable' | 'admin-prohibited' | 'tcp-reset' }
  /** Only `output` and `prerouting` chains of type nat. Without a port the packet's own stays. */
  | { dnat: { address: string; port?: number | readonly [number, number] } }
  /** Destination by a named map of the fields: to an address, or to `address . port` where `port` is true. */
  | { dnatMap: string; family: 'ip' | 'ip6'; fields: readonly Field[]; port?: boolean }
  /** Only `input` and `postrouting` chains of type nat. */
  | { snat: { address: string; port?: number | readonly [number, number] } }
  | { masquerade: { fullyRandom?: boolean } }
  | { redirect: { port: number } }
  | Verdict;

/** One element of a set or map: a value per field, as text (`10.0.0.1`, `10.0.0.0/24`, `80`, `80-90`, `tcp`, `eth0`). */
export interface Element {
  key: readonly string[];
  /** Maps: the values, of the map's type; or a verdict. */
  value?: readonly string[] | Verdict;
  comment?: string;
}

/**
 * One step of a transaction: an object with the single key that says what. `add` of something that is there already is
 * no error (rules are always added); `create` of it is EEXIST; `delete` of what isn't there is ENOENT; `destroy` isn't.
 */
export type Statement =
  | { addTable: TableName }
  | { createTable: TableName }
  | { deleteTable: TableName }
  | { destroyTable: TableName }
  /** Removes all rules of a chain, or of all the table's chains. */
  | { flush: TableName & { chain?: string } }
  | {
      addChain: TableName & {
        chain: string;
        /** A base chain sees packets itself; others are jumped to. */
        hook?: {
          type: 'filter' | 'nat' | 'route';
          on: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
          /** -300 raw, -100 dstnat, 0 filter, 100 srcnat. */
          priority: number;
          policy?: 'accept' | 'drop';
        };
      };
    }
  /** The chain must be empty and unused. */
  | { deleteChain: TableName & { chain: string } }
  | {
      addRule: TableName & {
        chain: string;
        expressions: readonly Expression[];
        /** Shown by nft and given back by list(): how the engine knows its rules again. At most 120 bytes. */
        comment?: string;
        /** Before all others of the chain instead of after them. */
        first?: boolean;
      };
    }
  | { deleteRule: TableName & { chain: string; handle: number } }
  | {
      addSet: TableName & {
        set: string;
        key: readonly SetType[];
        /** With a value it is a map. */
        value?: readonly SetType[];
        /** Elements may be ranges and networks. */
        interval?: boolean;
      };
    }
  | { deleteSet: TableName & { set: string } }
  | { addElements: TableName & { set: string; elements: readonly Element[] } }
  | { deleteElements: TableName & { set: string; elements: readonly Element[] } }
  | { flushSet: TableName & { set: string } };

interface ListedRule {
  chain: string;
  handle: number;
  comment?: string;
  /** Names of the rule's expressions in kernel terms, for a repair to compare: `['meta', 'cmp', 'immediate']`. */
  expressions: string[];
}

export interface ListedTable extends TableName {
  handle: number;
  chains: { name: string; handle: number; hook?: string; type?: string; priority?: number; policy?: string }[];
  rules: ListedRule[];
  sets: { name: string; handle: number; map: boolean; elements: number }[];
}

/**
 * All statements, or none of them: one kernel transaction. The error names the statement by its number and kind:
 * `statement 3 (addRule in inet slipway/forward)`.
 */
export function applyRules(
  statements: readonly Statement[],
  { namespace = -1 }: { namespace?: number } = {},
): Promise<void> {
  return invoke('nftables.apply', { statements, namespace });
}

/** The names of all tables of the namespace, other programs' included. */
export function listTables({ namespace = -1 }: { namespace?: number } = {}): Promise<TableName[]> {
  return invoke('nftables.tables', { namespace });
}

/** A table's content; undefined where there is no such table. */
export async function listTable(
  { family, table }: TableName,
  { namespace = -1 }: { namespace?: number } = {},
): Promise<ListedTable | undefined> {
  return (await invoke<ListedTable | null>('nftables.list', { family, table, namespace })) ?? undefined;
}
