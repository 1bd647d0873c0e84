// The same engine asked twice: by Docker's own client through the Docker door, and by `slipway`. What they print has to be the
// same, but for the program's name; so has the exit code.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { type CliResult, TestEngine } from '../support/slipway.ts';

const skip = spawnSync('docker', ['--version']).status === 0 ? false : 'there is no docker client';

/** Words of a command: parted by spaces, `'…'` keeps them together. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

/** Times pass between the two calls; the engine has another name; remedies are ours alone. */
function comparable(output: string): string {
  return output
    .replaceAll('slipway', 'docker')
    .replaceAll('Error response from engine', 'Error response from daemon')
    .replaceAll(/\b(?:(?:\d+|an?) (?:seconds?|minutes?)|Less than a second|About a minute)(?: ago)?/g, 'TIME')
    .replaceAll(/ +/g, ' ')
    .trim();
}

const lists = `
ps
ps -aq
ps -a --no-trunc
ps -l
ps -a --format '{{.ID}} {{.Names}} {{.Image}} {{.Command}} {{.Ports}} {{.Labels}} {{.Mounts}} {{.Networks}} {{.State}}'
ps -a --format 'table {{.Names}}\\t{{.Status}}\\t{{.Label "tier"}}'
ps -a --format json
ps -a --format '{{json .}}'
ps -a --format '{{.Label "tier"}}'
ps -a --format '{{upper .Names}} {{lower .Image}} {{truncate .ID 4}}'
ps -a --filter name=web
ps -a --filter status=exited
ps -a --filter exited=3
ps -a --filter label=tier=front
ps -a --filter ancestor=busybox
ps -a --filter volume=stock
ps -a --filter volume=/data
ps -a --filter network=bridge
ps -a --filter publish=80
ps -a --filter before=done
ps -a --filter since=web
ps -a --filter id=zzz
images -q
images --format '{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}} {{.Digest}}'
images --filter dangling=true
image ls nothere
image history busybox
image history --no-trunc --human=false busybox
image history --format '{{.ID}} {{.CreatedBy}} {{.Size}}' busybox
volume ls
volume ls -q --filter dangling=true
volume ls --format json
volume ls --filter label=kind
network ls --format '{{.Name}} {{.Driver}} {{.Scope}} {{.IPv6}} {{.Internal}} {{.Labels}}'
network ls --format json
network ls --filter type=custom
port web
system df
info --format '{{json .Plugins.Network}} {{.Driver}} {{.OSType}}'
version --format '{{.Server.Os}}'
inspect web --format '{{.Name}} {{.State.Status}} {{json .NetworkSettings.Ports}}'
inspect web --format '{{range .Mounts}}{{.Type}} {{.Name}} {{.Destination}}{{end}}'
inspect web --format '{{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{end}}'
inspect web --format '{{index .Config.Labels "tier"}} {{len .Mounts}} {{if .State.Health}}healthy{{else}}unknown{{end}}'
inspect web --format '{{printf "%s-%d" .Name .State.ExitCode}} {{join .Config.Env ","}} {{split .Name "/"}}'
inspect stock --format '{{.Name}}'
volume inspect stock
network inspect canal --format '{{json .IPAM.Config}} {{.Internal}}'
image inspect busybox --format '{{.Os}}/{{.Architecture}} {{.Config.Cmd}} {{.RepoTags}}'
`;

/** Wrong in one way or another, or with an exit code of their own. */
const codes = `
ps --nope
ps too many
inspect web --format '{{.Nope}}'
inspect --type nope web
inspect nothere
volume rm nothere
volume create bad/name
network create canal
network rm nothere
logs nothere
port web 81
top web
start nothere
rename web done
rename nothere x
exec nothere true
exec done true
exec runs nothere
exec runs sh -c 'exit 7'
exec -u nothere runs id
exec -w /nothere runs true
wait done
update web
cp nothere:/x /tmp/x
cp /nothere web:/x
tag busybox BAD
rmi nothere
rmi -f nothere
create --name x? busybox
inspect --format '{{' web
ps --filter nope
cp web:/etc/passwd /tmp/slipway-parity
run --rm --network-alias x busybox true
run --rm --network name=canal,nope=1 busybox true
load -i /nothere
import /nothere
run
run --nope busybox
run --rm busybox sh -c 'exit 5'
run --rm busybox nothere
run --rm busybox /etc
run --rm --name web busybox true
run --rm --memory 1m busybox true
run --rm --restart always busybox true
run --rm --env-file /nothere busybox true
run --rm --dns nope busybox true
run --rm --device /dev/nothere busybox true
run --rm --network nothere busybox true
run --rm -p 99999:80 busybox true
run --rm --entrypoint echo busybox hi
run --rm -e A=1 -u 1000:1001 --group-add 5 -w /tmp -h named busybox sh -c 'echo $A $(id) $(pwd) $(hostname)'
`;

describe('slipway and Docker’s client on one engine', { skip }, () => {
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start({ args: ['--bip', '172.29.61.1/24'] });
    for (const line of [
      'network create --label x=y --subnet 172.29.62.0/24 canal',
      'volume create --label kind=spare spare',
      `create --name web -p 127.0.0.1:18085:80 -e A=1 -l tier=front -v stock:/data busybox sleep 1000`,
      `run -d --name runs busybox sleep 1000`,
      `run --name done busybox sh -c 'exit 3'`,
    ])
      await engine.cli(words(line));
  });
  after(async () => {
    rmSync('/tmp/slipway-parity', { force: true });
    await engine[Symbol.asyncDispose]();
  });

  const docker = async (args: readonly string[]): Promise<CliResult> => {
    const child = spawn('docker', args, {
      env: {
        ...process.env,
        DOCKER_HOST: `unix://${join(engine.directory, 'docker.sock')}`,
        DOCKER_CONFIG: join(engine.directory, 'config'),
        TZ: 'UTC',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return { code: code ?? -1, stdout, stderr };
  };

  for (const line of lists.trim().split('\n'))
    it(line, async () => {
      const [theirs, ours] = [await docker(words(line)), await engine.cli(words(line))];
      assert.equal(comparable(ours.stdout), comparable(theirs.stdout), ours.stderr);
      assert.equal(ours.code, theirs.code);
    });

  for (const line of codes.trim().split('\n'))
    it(`ends as Docker's: ${line}`, async () => {
      const [theirs, ours] = [await docker(words(line)), await engine.cli(words(line))];
      assert.equal(ours.code, theirs.code, `${ours.stderr}\n${theirs.stderr}`);
      assert.equal(ours.stderr === '' && ours.stdout === '', theirs.stderr === '' && theirs.stdout === '');
    });
});
