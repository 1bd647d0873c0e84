// Every flag that Docker's own client offers is offered here, or is listed below with the reason why not. The client judges: its
// --help is read.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { bundles } from '../support/bundles.ts';

const groups = ['container', 'image', 'volume', 'network', 'system', 'builder'];
const aliases =
  'attach build commit cp create diff events exec export history images import info inspect kill load login logout';
const moreAliases =
  'logs pause port ps pull push rename restart rm rmi run save start stats stop tag top unpause update version wait';

/** Flag → why there is none. */
const windows = 'for Windows containers only';
const swarm = 'for swarm clusters, which this engine has none of';
const absent: Readonly<Record<string, string>> = {
  '--cpu-count': windows,
  '--cpu-percent': windows,
  '--io-maxbandwidth': windows,
  '--io-maxiops': windows,
  '--availability': swarm,
  '--cluster': swarm,
  '--group': swarm,
  '--limit-bytes': swarm,
  '--required-bytes': swarm,
  '--scope': swarm,
  '--secret': swarm,
  '--sharing': swarm,
  '--topology-preferred': swarm,
  '--topology-required': swarm,
  '--type': swarm,
  '--ingress': swarm,
  '--checkpoint': 'experimental in Docker; needs CRIU',
  '--checkpoint-dir': 'experimental in Docker; needs CRIU',
  '--use-api-socket': 'experimental in Docker',
  '--squash': 'experimental in Docker; layers are shared here, a squashed one never is',
  '--security-opt': 'a RUN has the profile of every container; --allow security.insecure lifts it',
  '--tree': 'experimental in Docker: an image has one platform here',
};

interface Help {
  readonly flags: ReadonlySet<string>;
  readonly text: string;
}

function help(program: string, args: readonly string[]): Help {
  const { stdout, stderr } = spawnSync(program, [...args, '--help'], { encoding: 'utf8' });
  const lines = (stdout + stderr).split('\n');
  const flags = lines.flatMap((line) => {
    const [, short, long] = /^\s+(?:(-\w), )?(--[\w.-]+)/.exec(line) ?? [];
    return long === undefined ? [] : [[short, long].filter((name) => name !== undefined).join(' ')];
  });
  return { flags: new Set(flags), text: stdout + stderr };
}

const docker = spawnSync('docker', ['--version'], { encoding: 'utf8' });
const skip = docker.status === 0 ? false : 'there is no docker client';

describe('the flags of Docker’s client', { skip }, async () => {
  const cli = ['--disable-warning=ExperimentalWarning', '--', (await bundles()).cli];
  const accepts = (command: readonly string[], name: string): boolean => {
    // Hidden flags are not in the help: the flag is tried, before one that nobody has.
    const { stderr } = spawnSync(process.execPath, [...cli, ...command, `${name}=1`, '--no-such-flag'], {
      encoding: 'utf8',
    });
    return stderr.includes('unknown flag: --no-such-flag');
  };
  const compare = (command: readonly string[]): string[] => {
    const theirs = help('docker', command);
    const ours = help(process.execPath, [...cli, ...command]);
    assert.match(ours.text, /Usage/, `no such command: ${command.join(' ')}`);
    return [...theirs.flags].filter((flag) => {
      const name = flag.split(' ').at(-1) ?? '';
      return name !== '--help' && !ours.flags.has(flag) && !(name in absent) && !accepts(command, name);
    });
  };

  for (const group of groups)
    it(`slipway ${group}`, () => {
      const commands = [...help('docker', [group]).text.matchAll(/^ {2}([a-z-]+)\*? {2,}\S/gm)].map(
        ([, name = '']) => name,
      );
      assert.ok(commands.length > 1);
      for (const command of commands) {
        if (group === 'volume' && command === 'update') continue; // of swarm's
        assert.deepEqual(compare([group, command]), [], `${group} ${command}`);
      }
    });

  it('and the short names of commands', () => {
    for (const command of `${aliases} ${moreAliases}`.split(' ')) assert.deepEqual(compare([command]), [], command);
  });
});
