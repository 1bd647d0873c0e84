// The engine itself, plugins, and what only a swarm has.
import { each, filters, plain, run, type Sequence } from './sequence.ts';

const events = (name: string, wanted: unknown, query = 'since=1&until=2'): Sequence => [
  `events by ${name}`,
  `GET /events?${query}&${filters(wanted)}`,
];

const engine: readonly Sequence[] = [
  ...plain(
    'GET /_ping',
    'HEAD /_ping',
    'GET /version',
    'GET /info',
    'GET /system/df',
    'GET /no/such/page',
    'POST /containers/json',
    'PUT /info',
    'DELETE /version',
    'GET /events?since=abc',
    'GET /events?until=abc',
    'GET /events?since=2&until=1',
    'GET /events?since=1&until=2&filters=nonsense',
    'POST /session',
    'POST /grpc',
  ),
  events('an unknown filter', { unknown: ['a'] }),
  events('type', { type: ['container'] }),
  events('a type that is none', { type: ['bogus'] }),
  events('container', { container: ['held'] }),
  [
    'events of a whole life',
    ...run('eventful', 'true'),
    'DELETE /containers/eventful',
    `GET /events?since=1&until=now&${filters({ container: ['eventful'] })}`,
  ],
  ['log in without a body', 'POST /auth'],
  ['log in with malformed JSON', ['POST /auth', '{']],
  ['log in to nowhere', ['POST /auth', { username: 'a', password: 'b', serveraddress: '127.0.0.1:1' }]],
];

const plugins: readonly Sequence[] = [
  ...plain(
    'GET /plugins',
    `GET /plugins?${filters({ enabled: ['true'] })}`,
    `GET /plugins?${filters({ bogus: ['a'] })}`,
  ),
  ...plain('GET /plugins/nothing/json', 'DELETE /plugins/nothing', 'GET /plugins/privileges', 'POST /plugins/pull'),
  ...each(
    (verb) => `${verb} a missing plugin`,
    ['enable', 'enable?timeout=1', 'disable', 'set', 'push', 'upgrade'],
    (verb) => [`POST /plugins/nothing/${verb}`, verb === 'set' ? '[]' : undefined],
  ),
  ['create a plugin from nothing', ['POST /plugins/create?name=a', Buffer.alloc(0)]],
];

/** What a manager would do; each is refused by a node in no swarm. */
const swarm: readonly Sequence[] = [
  ...plain(
    ...['swarm', 'swarm/unlockkey', 'nodes', 'services', 'tasks', 'secrets', 'configs'].map((path) => `GET /${path}`),
    ...['nodes', 'services', 'tasks', 'secrets', 'configs'].map((path) => `GET /${path}/nothing`),
    ...['nodes', 'services', 'secrets', 'configs'].map((path) => `DELETE /${path}/nothing`),
    'GET /services/nothing/logs?stdout=1',
    'GET /tasks/nothing/logs?stdout=1',
    'POST /swarm/leave',
  ),
  ...['services/create', 'secrets/create', 'configs/create'].map(
    (path): Sequence => [`POST /${path}`, [`POST /${path}`, { Name: 'a' }]],
  ),
  ...['nodes', 'services', 'secrets', 'configs'].map(
    (path): Sequence => [`POST /${path}/nothing/update`, [`POST /${path}/nothing/update?version=1`, {}]],
  ),
  ['update a swarm', ['POST /swarm/update?version=1', {}]],
  ['unlock a swarm', ['POST /swarm/unlock', { UnlockKey: 'a' }]],
];

export const systemSequences: readonly Sequence[] = [...engine, ...plugins, ...swarm];
