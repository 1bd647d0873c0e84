// What people do with an engine, at random and always the same for a seed: one step after the other, by several at once.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { writeTar } from '../../runtime/image/tar_writer.ts';
import { isEngineError } from '../../runtime/protocol/errors.ts';
import { collect, type TestEngine } from './slipway.ts';

/** Numbers in [0, 1) that the seed decides (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Others work with the same things: they may be gone, there already, in use, or of another state. */
const expected = ['NotFound', 'Conflict', 'AlreadyExists', 'NotModified', 'Cancelled', 'InvalidArgument'] as const;

type Step = (engine: TestEngine) => Promise<unknown>;

export class Workload {
  readonly #random: () => number;
  readonly #steps: readonly Step[];
  /** What no client should have been told: not one of the errors above, and the helper was there. */
  readonly complaints: string[] = [];

  /** `images` are references that can be pulled; things whose names begin with `kept` are let alone. */
  constructor(random: () => number, images: readonly string[]) {
    this.#random = random;
    this.#steps = [
      ({ client }) => client.call('image.pull', { Reference: this.#one(images) }),
      ({ client }) => client.call('image.remove', { Image: this.#one(images), Force: true }),
      ({ client }) => client.call('image.prune', {}),
      (engine) => engine.create({ Config: { Image: this.#one(images) } }),
      (engine) => this.#run(engine, ['true'], { AutoRemove: true }),
      (engine) => this.#run(engine, ['sleep', '1000'], { NetworkMode: this.#one(['none', 'bridge', 'quay']) }),
      (engine) => this.#runWithEverything(engine),
      (engine) => this.#exec(engine, ['true']),
      (engine) => this.#exec(engine, ['sleep', '1000']),
      (engine) => this.#copyIn(engine),
      (engine) => this.#copyOut(engine),
      (engine) =>
        this.#with(engine, (Container) =>
          engine.client.call('container.commit', { Container, Reference: `made:${this.#number(3)}` }),
        ),
      (engine) => this.#remove(engine),
      (engine) => this.#remove(engine),
      (engine) =>
        this.#with(engine, (Container) => engine.client.call('network.connect', { Container, Network: 'quay' })),
      (engine) =>
        this.#with(engine, (Container) => engine.client.call('network.disconnect', { Container, Network: 'quay' })),
      ({ client }) => client.call('network.create', { Name: this.#one(['quay', 'pier']) }),
      ({ client }) => client.call('network.remove', { Network: this.#one(['quay', 'pier']) }),
      ({ client }) => client.call('volume.create', { Name: `volume-${this.#number(3)}` }),
      ({ client }) => client.call('volume.remove', { Volume: `volume-${this.#number(3)}` }),
      (engine) =>
        this.#with(engine, (Container) =>
          engine.client.call('container.rename', { Container, Name: `name-${this.#number(8)}` }),
        ),
      (engine) => this.#with(engine, (Container) => engine.client.call('container.stop', { Container, Timeout: 0 })),
      (engine) => this.#with(engine, (Container) => engine.client.call('container.restart', { Container, Timeout: 0 })),
      (engine) => this.#with(engine, (Container) => engine.client.call('container.start', { Container })),
      (engine) => this.#with(engine, (Container) => engine.client.call('container.pause', { Container })),
      (engine) => this.#with(engine, (Container) => engine.client.call('container.unpause', { Container })),
      (engine) => this.#build(engine),
    ];
  }

  /** Works until the helper is gone. */
  async run(engine: TestEngine): Promise<void> {
    const { client } = engine;
    while (!client.isClosed) {
      const index = this.#number(this.#steps.length);
      try {
        await this.#steps[index]?.(engine);
      } catch (error) {
        // Whoever asked when the helper went hears so, in whatever words.
        await new Promise(setImmediate);
        if (client.isClosed || (isEngineError(error) && expected.some((kind) => kind === error.kind))) continue;
        if (isEngineError(error, 'Unavailable') || !isEngineError(error)) return;
        this.complaints.push(`step ${index}: ${error.kind}: ${error.message}`);
      }
    }
  }

  #number(below: number): number {
    return Math.floor(this.#random() * below);
  }

  #one(choices: readonly string[]): string {
    return choices[this.#number(choices.length)] ?? '';
  }

  async #with(engine: TestEngine, task: (id: string) => Promise<unknown>): Promise<void> {
    const rows = await engine.client.call('container.list', { All: true });
    const ids = rows.filter(({ Names }) => !Names.some((name) => name.startsWith('/kept'))).map(({ Id }) => Id);
    if (ids.length > 0) await task(this.#one(ids));
  }

  async #run(engine: TestEngine, Cmd: string[], HostConfig: object): Promise<void> {
    const rows = await engine.client.call('container.list', { All: true });
    if (rows.length > 12) await this.#remove(engine);
    await engine.start({ Config: { Cmd }, HostConfig });
  }

  #runWithEverything(engine: TestEngine): Promise<void> {
    return this.#run(engine, ['sleep', '1000'], {
      NetworkMode: 'bridge',
      PortBindings: { '80/tcp': [{ HostPort: '' }], '53/udp': [{ HostPort: '' }] },
      Binds: [`volume-${this.#number(3)}:/named`, '/unnamed'],
      RestartPolicy: { Name: this.#one(['no', 'always']) },
    });
  }

  #exec(engine: TestEngine, Cmd: string[]): Promise<void> {
    return this.#with(engine, async (Container) => {
      const { Id } = await engine.client.call('exec.create', { Container, Cmd });
      await engine.client.call('exec.startDetached', { Exec: Id });
    });
  }

  #copyIn(engine: TestEngine): Promise<void> {
    return this.#with(engine, async (Container) => {
      const content = [{ name: 'copied', size: 100_000, content: [Buffer.alloc(100_000, 'x')] }];
      const archive = await buffer(writeTar([], content, 0));
      const { socket, outcome } = await engine.client.stream('container.archivePut', { Container, Path: '/' });
      socket.resume();
      socket.end(archive);
      await outcome;
    });
  }

  #copyOut(engine: TestEngine): Promise<void> {
    return this.#with(engine, async (Container) => {
      const { socket, outcome } = await engine.client.stream('container.archiveGet', { Container, Path: '/bin' });
      socket.resume();
      await outcome;
    });
  }

  #remove(engine: TestEngine): Promise<void> {
    return this.#with(engine, (Container) =>
      engine.client.call('container.remove', { Container, Force: true, Volumes: true }),
    );
  }

  async #build(engine: TestEngine): Promise<void> {
    const context = mkdtempSync(join(engine.directory, 'context-'));
    writeFileSync(join(context, 'Dockerfile'), `FROM busybox\nRUN echo ${this.#number(1000)} > /made\n`);
    const { socket, outcome } = await engine.client.stream('build.run', {
      Context: context,
      Network: 'none',
      Tags: ['built'],
    });
    socket.end();
    await collect(socket);
    await outcome;
  }
}
