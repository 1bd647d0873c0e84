// What streams: logs, attach, exec, archives, export. Their bytes are compared, output and error output apart.
import { archiveOf } from './archive.ts';
import { create, plain, run, type Sequence, type Step, start } from './sequence.ts';

const echo = ['sh', '-c', 'read line; echo got $line; echo and >&2'];
const both = 'stream=1&stdin=1&stdout=1&stderr=1';

const logs: readonly Sequence[] = plain(
  ...['', '?stdout=0', '?stdout=1&tail=abc', '?stdout=1&since=abc', '?stdout=1&until=abc'].map(
    (query) => `GET /containers/ended/logs${query}`,
  ),
  ...['stdout=1', 'stderr=1', 'stdout=1&tail=9', 'stdout=1&tail=0', 'stdout=1&tail=-5'].map(
    (query) => `GET /containers/ended/logs?${query}`,
  ),
  ...['timestamps=1', 'details=1', 'follow=1', 'since=1', 'until=1', 'tail=all', 'since=2030-01-01T00:00:00Z'].map(
    (query) => `GET /containers/ended/logs?stdout=1&stderr=1&${query}`,
  ),
  'GET /containers/nobody/logs?stdout=1',
  'GET /containers/fresh/logs?stdout=1',
  'GET /containers/terminal/logs?stdout=1',
  'GET /containers/terminal/logs?stdout=1&tail=1',
);

const silent: Sequence = [
  'logs of a container that keeps none',
  ...run('silent', 'echo lost', { HostConfig: { LogConfig: { Type: 'none' } } }),
  'GET /containers/silent/logs?stdout=1',
];

const ofBoth: Sequence = [
  'logs whose end is counted over both streams',
  ...run('again', '[ -e /said ] && echo late >&2 || { echo early; touch /said; }'),
  'POST /containers/again/start',
  'POST /containers/again/wait',
  'GET /containers/again/logs?stdout=1&tail=1',
  'GET /containers/again/logs?stderr=1&tail=1',
];

const attaches: readonly Sequence[] = [
  ...plain(
    'POST /containers/nobody/attach?stream=1&stdout=1',
    'POST /containers/ended/attach?logs=1&stdout=1&stderr=1',
    'POST /containers/held/attach?logs=1&stdout=1&stderr=1',
    'POST /containers/terminal/attach?logs=1&stdout=1',
    'POST /containers/held/attach?stream=1&detachKeys=bogus-keys',
    'GET /containers/nobody/attach/ws?stream=1',
    'GET /containers/held/attach/ws?stream=1',
  ),
  ...['hijacked', 'upgraded'].map((way): Sequence => {
    const open = '&POST /containers/said/attach?stream=1&stdout=1&stderr=1';
    const step: Step = way === 'upgraded' ? [open, undefined, { input: '' }] : open;
    return [
      `attach, ${way}`,
      create('said', { Cmd: ['sh', '-c', 'echo out; echo err >&2'] }),
      step,
      'POST /containers/said/start',
    ];
  }),
  [
    'attach to an ended container, then start it',
    ...run('again', 'echo said'),
    '&POST /containers/again/attach?stream=1&stdout=1',
    'POST /containers/again/start',
  ],
  [
    'attach with input',
    create('asked', { Cmd: echo, OpenStdin: true, StdinOnce: true, AttachStdin: true }),
    [`&POST /containers/asked/attach?${both}`, undefined, { input: 'it\n' }],
    'POST /containers/asked/start',
    'POST /containers/asked/wait',
    'GET /containers/asked/logs?stdout=1&stderr=1',
  ],
  [
    'attach to a terminal',
    create('typed', { Cmd: ['sh', '-c', 'tty; echo done'], Tty: true }),
    '&POST /containers/typed/attach?stream=1&stdout=1',
    'POST /containers/typed/start',
    'POST /containers/typed/wait',
  ],
  [
    'attach with input to what reads none',
    create('deaf', { Cmd: ['echo', 'heard nothing'] }),
    [`&POST /containers/deaf/attach?${both}`, undefined, { input: 'lost\n' }],
    'POST /containers/deaf/start',
  ],
];

const inHeld = (name: string, body: object, begin: unknown = {}, input?: string): Sequence => [
  name,
  ['POST /containers/held/exec', { AttachStdout: true, AttachStderr: true, ...body }],
  ['POST /exec/{Exec}/start', begin, input === undefined ? {} : { input }],
  'GET /exec/{Exec}/json',
];

const execs: readonly Sequence[] = [
  ['exec in a missing container', ['POST /containers/nobody/exec', { Cmd: ['true'] }]],
  ['exec in a fresh container', ['POST /containers/fresh/exec', { Cmd: ['true'] }]],
  ['exec in an ended container', ['POST /containers/ended/exec', { Cmd: ['true'] }]],
  ['exec without a body', 'POST /containers/held/exec'],
  ['exec without a command', ['POST /containers/held/exec', {}]],
  ['exec with an empty command', ['POST /containers/held/exec', { Cmd: [] }]],
  ['exec with malformed JSON', ['POST /containers/held/exec', '{']],
  ['exec with wrong detach keys', ['POST /containers/held/exec', { Cmd: ['true'], DetachKeys: 'bogus-keys' }]],
  ['exec with a wrong environment', ['POST /containers/held/exec', { Cmd: ['true'], Env: ['=a'] }]],
  ['exec, command as text', ['POST /containers/held/exec', { Cmd: 'true' }]],
  ['start a missing exec', ['POST /exec/nothing/start', {}]],
  ['resize a missing exec', 'POST /exec/nothing/resize?h=1&w=1'],
  ['look at a missing exec', 'GET /exec/nothing/json'],
  inHeld('exec with output', { Cmd: ['sh', '-c', 'echo out; echo err >&2; exit 4'] }),
  inHeld('exec upgraded', { Cmd: ['sh', '-c', 'echo out; echo err >&2'] }, {}, ''),
  inHeld('exec with input', { Cmd: ['cat'], AttachStdin: true }, {}, 'through\n'),
  inHeld('exec with a terminal', { Cmd: ['tty'], Tty: true }, { Tty: true }),
  inHeld('exec as a user', { Cmd: ['id', '-u'], User: '12' }),
  inHeld('exec as an unknown user', { Cmd: ['true'], User: 'nobody-here' }),
  inHeld('exec in a directory', { Cmd: ['pwd'], WorkingDir: '/tmp' }),
  inHeld('exec in a missing directory', { Cmd: ['pwd'], WorkingDir: '/no/such' }),
  inHeld('exec with an environment', { Cmd: ['sh', '-c', 'echo $A'], Env: ['A=b'] }),
  inHeld('exec of what is missing', { Cmd: ['/no/such'] }),
  inHeld('exec of what is no program', { Cmd: ['/etc/passwd'] }),
  inHeld('exec detached', { Cmd: ['sleep', '600'] }, { Detach: true }),
  [
    'exec started twice',
    ['POST /containers/held/exec', { Cmd: ['sleep', '600'] }],
    ['POST /exec/{Exec}/start', { Detach: true }],
    ['POST /exec/{Exec}/start', { Detach: true }],
  ],
  [
    'exec started again after its end',
    ['POST /containers/held/exec', { Cmd: ['true'], AttachStdout: true }],
    ['POST /exec/{Exec}/start', {}],
    ['POST /exec/{Exec}/start', {}],
  ],
  ['exec not yet started', ['POST /containers/held/exec', { Cmd: ['true'] }], 'GET /exec/{Exec}/json'],
  ['resize an exec to nonsense', ['POST /containers/held/exec', { Cmd: ['true'] }], 'POST /exec/{Exec}/resize?h=a&w=1'],
  [
    'exec whose container ended',
    ...start('over'),
    ['POST /containers/over/exec', { Cmd: ['true'] }],
    'POST /containers/over/kill',
    'POST /containers/over/wait',
    ['POST /exec/{Exec}/start', {}],
  ],
];

const archive = (query: string) => `/containers/fresh/archive${query}`;
const file = archiveOf({ note: 'abc' });

const archives: readonly Sequence[] = [
  ...['HEAD', 'GET'].flatMap((method) =>
    plain(
      `${method} /containers/nobody/archive?path=/etc`,
      ...['', '?path=', '?path=/no/such', '?path=/etc', '?path=/etc/passwd', '?path=etc/passwd', '?path=/'].map(
        (query) => `${method} ${archive(query)}`,
      ),
      ...['?path=/bin/sh', '?path=/etc/passwd/', '?path=/etc/..', '?path=/etc/.'].map(
        (query) => `${method} ${archive(query)}`,
      ),
    ).filter(([name]) => !/^GET .*path=\/(etc\/\.\.)?$/.test(name)),
  ),
  ['put into a missing container', ['PUT /containers/nobody/archive?path=/tmp', file]],
  ['put without a path', ['PUT /containers/fresh/archive', file]],
  ['put into a missing directory', ['PUT /containers/fresh/archive?path=/no/such', file]],
  ['put into a file', ['PUT /containers/fresh/archive?path=/etc/passwd', file]],
  ['put nonsense', ['PUT /containers/fresh/archive?path=/tmp', Buffer.alloc(1024, 'x')]],
  ['put nothing', 'PUT /containers/fresh/archive?path=/tmp'],
  [
    'put and get',
    create('copied'),
    ['PUT /containers/copied/archive?path=/tmp', file],
    'HEAD /containers/copied/archive?path=/tmp/note',
    'GET /containers/copied/archive?path=/tmp/note',
  ],
  [
    'put a file over a directory',
    create('copied'),
    ['PUT /containers/copied/archive?path=/&noOverwriteDirNonDir=1', archiveOf({ tmp: 'abc' })],
  ],
  [
    'put into a root that is read only',
    create('copied', { HostConfig: { ReadonlyRootfs: true } }),
    ['PUT /containers/copied/archive?path=/tmp', file],
  ],
  ['export a missing container', 'GET /containers/nobody/export'],
  ['export', create('sent'), 'GET /containers/sent/export'],
];

export const streamSequences: readonly Sequence[] = [...logs, silent, ofBoth, ...attaches, ...execs, ...archives];
