// The protocol's network methods, but for connect and disconnect: those change a container's record, too, and are served by
// the containers (runtime/container), which call `Networks`.

import { checkFilters, labelsMatch, untilFilter } from '../image/filters.ts';
import type { HandlersOf } from '../protocol/handler.ts';
import type { Filters } from '../protocol/method.ts';
import type { networkMethods } from '../protocol/network.ts';
import type { NetworkStore } from './network_store.ts';
import { describeNetwork, listNetworks } from './views.ts';

async function prune(store: NetworkStore, filters: Filters): Promise<{ NetworksDeleted: string[] }> {
  checkFilters(filters, ['label', 'label!', 'until']);
  const until = untilFilter(filters, Date.now());
  const deleted: string[] = [];
  for (const { record, endpoints } of [...store.states.values()]) {
    if (
      record.predefined ||
      record.configuration !== undefined ||
      endpoints.size > 0 ||
      !labelsMatch(record.labels, filters)
    )
      continue;
    if (until !== undefined && Date.parse(record.created) > until) continue;
    if ([record.name, record.id].some((text) => store.uses.usersOfNetwork(text).length > 0)) continue;
    await store.remove(record.id);
    deleted.push(record.name);
  }
  store.context.events.publish({ type: 'network', action: 'prune', id: '', attributes: { reclaimed: '0' } });
  return { NetworksDeleted: deleted };
}

type Served = Omit<HandlersOf<typeof networkMethods>, 'network.connect' | 'network.disconnect'>;

export function networkHandlers(store: NetworkStore): Served {
  return {
    'network.list': async ({ Filters: filters = {} }) => listNetworks(store, filters),
    'network.inspect': async ({ Network }) => describeNetwork(store.state(store.find(Network)), true),
    'network.create': async (request) => ({ Id: (await store.create(request)).id, Warning: '' }),
    'network.remove': async ({ Network }) => {
      await store.remove(Network);
      return null;
    },
    'network.prune': ({ Filters: filters = {} }) => prune(store, filters),
  };
}
