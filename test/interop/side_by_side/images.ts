// Images, builds, commits, and the registry (there is none that can be reached).
import { archiveOf } from './archive.ts';
import { create, filters, plain, type Sequence } from './sequence.ts';

const busybox = 'slipway.test/busybox';
const list = (name: string, wanted: unknown): Sequence => [
  `list images by ${name}`,
  `GET /images/json?${filters(wanted)}`,
];

const lists: readonly Sequence[] = [
  ...plain(
    'GET /images/json',
    'GET /images/json?all=1',
    'GET /images/json?digests=1',
    'GET /images/json?filters=nonsense',
  ),
  list('reference', { reference: ['slipway.test/*'] }),
  list('a reference that is none', { reference: ['['] }),
  list('label', { label: ['no=such'] }),
  list('being dangling', { dangling: ['true'] }),
  list('being dangling, perhaps', { dangling: ['maybe'] }),
  list('before', { before: [busybox] }),
  list('since', { since: [busybox] }),
  list('before what is missing', { before: ['nothing'] }),
  list('since what is missing', { since: ['nothing'] }),
  list('an unknown filter', { unknown: ['a'] }),
];

const facts = plain(
  ...['json', 'history', 'get'].map((verb) => `GET /images/nothing/${verb}`),
  ...['json', 'history'].map((verb) => `GET /images/${busybox}/${verb}`),
  'GET /images/UPPER/json',
  `GET /images/${busybox}:nothing/json`,
  `GET /images/sha256:${'0'.repeat(64)}/json`,
  'GET /images/get?names=nothing',
  `GET /images/get?names=${busybox}`,
  `GET /images/${busybox}/get`,
  'GET /images/search',
  'GET /images/search?term=',
);

const pull = (query: string) => `POST /images/create?${query}`;

const changes: readonly Sequence[] = [
  ...plain(
    `POST /images/nothing/tag?repo=a`,
    `POST /images/${busybox}/tag`,
    `POST /images/${busybox}/tag?repo=UPPER`,
    `POST /images/${busybox}/tag?repo=a&tag=b:c`,
    `POST /images/${busybox}/tag?repo=sha256&tag=b`,
    'DELETE /images/nothing',
    'DELETE /images/UPPER',
    `DELETE /images/sha256:${'0'.repeat(64)}`,
    `DELETE /images/${busybox}`,
    'POST /images/nothing/push',
    'POST /images/nothing/push?tag=a',
    'POST /images/UPPER/push',
    'GET /distribution/UPPER/json',
  ),
  ['tag and remove', `POST /images/${busybox}/tag?repo=copy&tag=1`, 'GET /images/copy:1/json', 'DELETE /images/copy:1'],
  [
    'tag twice',
    `POST /images/${busybox}/tag?repo=copy`,
    `POST /images/${busybox}/tag?repo=copy`,
    'DELETE /images/copy',
  ],
  [
    'remove by digest what has two names',
    `POST /images/${busybox}/tag?repo=copy`,
    'GET /images/copy/json',
    'DELETE /images/{Id}',
  ],
  ['prune images', `POST /images/prune?${filters({ dangling: ['true'] })}`],
  ['prune images by label', `POST /images/prune?${filters({ label: ['no=such'] })}`],
  ['prune images by a wrong filter', `POST /images/prune?${filters({ bogus: ['a'] })}`],
  ['prune images, perhaps dangling', `POST /images/prune?${filters({ dangling: ['maybe'] })}`],
  ['prune images until a time that is none', `POST /images/prune?${filters({ until: ['bogus'] })}`],
  ['pull from nowhere', pull('fromImage=127.0.0.1:1/nothing&tag=a')],
  ['pull a wrong name', pull('fromImage=UPPER&tag=a')],
  ['pull a wrong tag', pull('fromImage=a&tag=b:c')],
  ['pull nothing', pull('')],
  ['pull for a platform that is none', pull('fromImage=127.0.0.1:1/nothing&tag=a&platform=a/b/c/d')],
  ['push to nowhere', `POST /images/${busybox}/tag?repo=127.0.0.1:1/copy`, 'POST /images/127.0.0.1:1/copy/push'],
  [
    'push a missing tag',
    `POST /images/${busybox}/tag?repo=127.0.0.1:1/copy`,
    'POST /images/127.0.0.1:1/copy/push?tag=other',
  ],
  [
    'import',
    [pull('fromSrc=-&repo=made&tag=1'), archiveOf({ a: 'b' })],
    'GET /images/made:1/json',
    'GET /images/made:1/history',
  ],
  [
    'import with changes',
    [pull(`fromSrc=-&repo=made&changes=${encodeURIComponent('CMD ["a"]')}`), archiveOf({ a: 'b' })],
  ],
  ['import with wrong changes', [pull('fromSrc=-&repo=made&changes=BOGUS'), archiveOf({ a: 'b' })]],
  ['import with a change that is not allowed', [pull('fromSrc=-&repo=made&changes=RUN%20true'), archiveOf({ a: 'b' })]],
  ['import nonsense', [pull('fromSrc=-&repo=made'), Buffer.alloc(1024, 'x')]],
  ['import under a wrong name', [pull('fromSrc=-&repo=UPPER'), archiveOf({ a: 'b' })]],
  ['load nonsense', ['POST /images/load', Buffer.alloc(1024, 'x')]],
  ['load an archive without a manifest', ['POST /images/load', archiveOf({ a: 'b' })]],
  ['load nothing', 'POST /images/load'],
];

const commit = (query: string, body?: unknown): Sequence => [`commit ${query}`, [`POST /commit?${query}`, body]];

const commits: readonly Sequence[] = [
  ['commit nothing', 'POST /commit'],
  commit('container=nobody'),
  commit('container=fresh&repo=UPPER'),
  commit('container=fresh&repo=a&tag=b:c'),
  commit('container=fresh&changes=BOGUS'),
  commit('container=fresh&changes=RUN%20true'),
  commit('container=fresh', '{'),
  [
    'commit with a name',
    ['POST /commit?container=held&repo=made&tag=1&comment=why&author=me', { Labels: { a: 'b' } }],
    'GET /images/made:1/json',
    'GET /images/made:1/history',
  ],
  ['commit with changes', 'POST /commit?container=fresh&pause=0&repo=made&changes=ENV%20A=b', 'GET /images/{Id}/json'],
];

const from = `FROM ${busybox}\n`;
const build = (name: string, dockerfile: string, query = ''): Sequence => [
  `build ${name}`,
  [`POST /build?rm=1&forcerm=1&networkmode=none${query}`, archiveOf({ Dockerfile: dockerfile, a: 'content' })],
];

const builds: readonly Sequence[] = [
  ['build nothing', 'POST /build'],
  ['build nonsense', ['POST /build', Buffer.alloc(1024, 'x')]],
  ['build without a Dockerfile', ['POST /build', archiveOf({ a: 'b' })]],
  ...plain('POST /build?version=3', 'POST /build?isolation=bogus', 'POST /build?squash=1', 'POST /build?shmsize=abc'),
  ['build from text', ['POST /build', 'text', { headers: { 'Content-Type': 'text/plain' } }]],
  build('an empty Dockerfile', ''),
  build('an unknown instruction', `${from}BOGUS a\n`),
  build('an instruction before FROM', 'RUN true\n'),
  build('a label', `${from}LABEL a=b\n`),
  build('with a name', `${from}LABEL a=b\n`, '&t=made:1'),
  build('with a wrong name', `${from}LABEL a=b\n`, '&t=UPPER'),
  build('quietly', `${from}LABEL a=b\n`, '&q=1'),
  build('a copy', `${from}COPY a /a\n`),
  build('a copy of what is missing', `${from}COPY nothing /a\n`),
  build('a copy from outside', `${from}COPY ../a /a\n`),
  build('a command', `${from}RUN echo said\n`),
  build('a command that fails', `${from}RUN exit 3\n`),
  build('a command that is missing', `${from}RUN ["/no/such"]\n`),
  build('a missing base', 'FROM 127.0.0.1:1/nothing\n'),
  build('a wrong base', 'FROM UPPER\n'),
  build('an argument', `${from}ARG A\nRUN echo $A\n`, `&buildargs=${encodeURIComponent('{"A":"b"}')}`),
  build('an argument that nobody takes', `${from}LABEL a=b\n`, `&buildargs=${encodeURIComponent('{"A":"b"}')}`),
  build('wrong arguments', from, '&buildargs=nonsense'),
  build('wrong labels', from, '&labels=nonsense'),
  build('a stage', `${from.trim()} AS one\nLABEL a=b\n${from}LABEL c=d\n`, '&target=one'),
  build('a missing stage', from, '&target=nothing'),
  build('a missing Dockerfile', from, '&dockerfile=nothing'),
  build('a Dockerfile outside', from, '&dockerfile=../Dockerfile'),
  build('with wrong memory', from, '&memory=abc'),
  build('for a platform that is none', from, '&platform=a/b/c/d'),
  ['prune what builds keep', 'POST /build/prune'],
  ['prune what builds keep by a wrong filter', `POST /build/prune?${filters({ bogus: ['a'] })}`],
  ['prune what builds keep down to nonsense', 'POST /build/prune?keep-storage=abc'],
  ['cancel no build', 'POST /build/cancel'],
  ['cancel a missing build', 'POST /build/cancel?id=nothing'],
];

const used: Sequence = [
  'remove an image in use',
  `POST /images/${busybox}/tag?repo=copy`,
  create('user', { Image: 'copy' }),
  'DELETE /images/copy',
  `DELETE /images/${busybox}`,
];

export const imageSequences: readonly Sequence[] = [...lists, ...facts, ...changes, used, ...commits, ...builds];
