// slipway/hello: an image that is there without any network. It is made from our own program the first time that somebody
// asks for it, and again after it was removed.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import type { ContainerImage, ImageSource } from '../container/dependencies.ts';
import { packStream } from '../native/archive.ts';
import { isEngineError } from '../protocol/errors.ts';
import type { Handlers } from '../protocol/handler.ts';

const helloName = 'slipway/hello:latest';
const helloNames = new Set(['slipway/hello', helloName, 'docker.io/slipway/hello', `docker.io/${helloName}`]);

type Import = Pick<Handlers, 'image.import'>;

async function makeHello(images: Import, program: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-hello-'));
  try {
    copyFileSync(program, join(directory, 'hello'));
    const { signal } = new AbortController();
    const serve = await images['image.import'](
      { Reference: helloName, Message: 'built into Slipway', Changes: ['ENTRYPOINT ["/hello"]'] },
      { signal, progress: () => {} },
    );
    const { stream } = packStream({ kind: 'path', root: directory, path: '/hello' }, { clampTime: 0 });
    await serve(Duplex.from({ readable: stream }), signal);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The same source of images, which also knows the built-in ones. */
export function withBuiltinImages(source: ImageSource, images: Import, helloProgram: string): ImageSource {
  let making: Promise<void> | undefined;
  const resolve = async (reference: string, platform?: string): Promise<ContainerImage> => {
    try {
      return await source.resolve(reference, platform);
    } catch (error) {
      if (!isEngineError(error, 'NotFound') || !helloNames.has(reference)) throw error;
    }
    making ??= makeHello(images, helloProgram).finally(() => {
      making = undefined;
    });
    await making;
    return await source.resolve(reference, platform);
  };
  return { resolve, commit: (request) => source.commit(request) };
}
