// Programs as people build them: a Debian base, packages that RUN fetches from the distribution, stages, and a server that
// answers in the end. (A Node application with packages from npm is built in test/editor/main_job.test.ts.)
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TestEngine } from '../support/slipway.ts';

const mirror = 'http://deb.debian.org/debian';
const files = {
  Dockerfile: `FROM debian:12 AS base
RUN echo 'Binary::apt::APT::Keep-Downloaded-Packages "true";' > /etc/apt/apt.conf.d/keep
ARG install="apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io"

FROM base AS python
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \\
    apt-get update && $install python3-bottle
WORKDIR /app
COPY app.py .
USER 65534:65534
EXPOSE 8080
CMD ["python3", "-u", "app.py"]

FROM base AS compiler
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \\
    apt-get update && $install gcc libc6-dev
RUN --mount=type=bind,source=server.c,target=/src/server.c gcc -O2 -static -Wall -Werror -o /server /src/server.c

FROM scratch AS c
COPY --from=compiler --chmod=755 /server /server
USER 65534:65534
EXPOSE 8080
ENTRYPOINT ["/server"]
`,
  '.dockerignore': '*\n!app.py\n!server.c\n',
  'app.py': `from wsgiref.simple_server import make_server
from bottle import default_app, route

@route('/')
def index():
    return 'python answers'

server = make_server('0.0.0.0', 8080, default_app())
print('ready')
server.serve_forever()
`,
  'server.c': `#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  const char answer[] = "HTTP/1.0 200 OK\\r\\nContent-Length: 9\\r\\n\\r\\nC answers";
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(8080)};
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(server, (struct sockaddr*)&address, sizeof address) != 0 || listen(server, 8) != 0) return 1;
  puts("ready");
  fflush(stdout);
  for (;;) {
    char request[4096];
    const int client = accept(server, NULL, NULL);
    if (read(client, request, sizeof request) > 0) write(client, answer, strlen(answer)) < 0 ? perror("write") : (void)0;
    close(client);
  }
}
`,
};

async function whyNotHere(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'the engine under test runs as root';
  if (spawnSync('mmdebstrap', ['--version']).error !== undefined) return 'there is no mmdebstrap';
  const asked = await fetch(`${mirror}/dists/bookworm/Release`, { signal: AbortSignal.timeout(10_000) }).catch(String);
  return typeof asked === 'string' || !asked.ok ? `${mirror} can not be reached` : undefined;
}

describe('a real build', { skip: (await whyNotHere()) ?? false, timeout: 900_000 }, () => {
  const context = mkdtempSync(join(tmpdir(), 'slipway-real-'));
  let engine: TestEngine;
  const must = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await engine.cli(args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  before(async () => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(context, name), text);
    const tar = join(context, 'debian.tar');
    const made = spawnSync(
      'mmdebstrap',
      ['--quiet', '--variant=apt', '--dpkgopt=force-unsafe-io', 'bookworm', tar, mirror],
      { encoding: 'utf8' },
    );
    assert.equal(made.status, 0, made.stderr);
    engine = await TestEngine.start({ bare: true, args: ['--bip', '172.29.83.1/24'] });
    await must('import', tar, 'debian:12');
  });
  after(async () => {
    await engine?.[Symbol.asyncDispose]();
    rmSync(context, { recursive: true });
  });

  for (const target of ['python', 'c'])
    it(`serves, written in ${target}`, async () => {
      await must('build', '--target', target, '-t', target, context);
      const id = await engine.start({ Config: { Image: target }, HostConfig: { NetworkMode: 'default' } });
      const { socket } = await engine.client.stream('container.logs', { Container: id, Stdout: true, Follow: true });
      await once(socket, 'data');
      socket.destroy();
      const { NetworkSettings } = await engine.client.call('container.inspect', { Container: id });
      const answer = await fetch(`http://${NetworkSettings.Networks['bridge']?.IPAddress}:8080/`);
      assert.equal(await answer.text(), `${target === 'c' ? 'C' : target} answers`);
    });
});
