// /images, /distribution and /auth.
import { familiarName, fullName, parseReference } from '../../image/reference.ts';
import { EngineError, isEngineError } from '../../protocol/errors.ts';
import type { ImageInspect } from '../../protocol/image.ts';
import { fetchUrl } from '../../registry/fetch_url.ts';
import { type Exchange, oneWay } from '../exchange.ts';
import { HttpError } from '../failure.ts';
import { MessageWriter } from '../messages.ts';
import { textField } from '../request_body.ts';
import { pour } from './container_streams.ts';
import { defined, type Route, route } from './route.ts';

export const imageRoutes: readonly Route[] = [
  route('GET', '/images/json', async (x) => {
    const images = await x.call('image.list', {
      All: x.flag('all'),
      Filters: x.filters(),
      SharedSize: x.flag('shared-size'),
      Manifests: x.flag('manifests'),
    });
    x.json(200, images);
  }),

  route('POST', '/images/create', async (x) => {
    if (x.text('fromSrc') !== undefined) await importImage(x);
    else await pullImage(x);
  }),

  route('POST', '/images/load', async (x) => {
    const Platform = platformOf(x);
    const messages = new MessageWriter(x);
    const quiet = x.flag('quiet');
    await messages.run(async () => {
      const serve = await x.stream('image.load', defined({ Platform }), (progress) => {
        if (!quiet) messages.transfer(progress);
      });
      const { Images } = await serve(x.incoming(), x.signal);
      for (const { Id, References } of Images) {
        for (const reference of References) messages.write({ stream: `Loaded image: ${reference}\n` });
        if (References.length === 0) messages.write({ stream: `Loaded image ID: ${Id}\n` });
      }
    });
  }),

  route('GET', '/images/get', async (x) => {
    const Images = x.query
      .getAll('names')
      .flatMap((names) => names.split(','))
      .filter(Boolean);
    await saveImages(x, Images);
  }),
  route('GET', '/images/{name*}/get', async (x) => await saveImages(x, [x.name])),

  route('GET', '/images/search', async (x) => {
    const Term = x.text('term');
    if (Term === undefined) throw new HttpError(400, 'search term is empty');
    const Limit = x.integer('limit') || undefined;
    if (Limit !== undefined && (Limit < 1 || Limit > 100))
      throw new HttpError(400, `limit ${Limit} is outside the range of [1, 100]`);
    const filters = x.filters();
    const unknown = Object.keys(filters).find((name) => !['is-automated', 'is-official', 'stars'].includes(name));
    if (unknown !== undefined) throw new HttpError(400, `invalid filter '${unknown}'`);
    const Auth = authOf(x);
    const found = await x.call('image.search', defined({ Term, Limit, Filters: filters, Auth }));
    x.json(
      200,
      found.map((image) => ({ ...image, is_automated: false })),
    );
  }),

  route('POST', '/images/prune', async (x) => {
    const { ImagesDeleted, SpaceReclaimed } = await x.call('image.prune', { Filters: x.filters() });
    x.json(200, { ImagesDeleted: ImagesDeleted.length > 0 ? ImagesDeleted : null, SpaceReclaimed });
  }),

  route('GET', '/images/{name*}/json', async (x) => {
    const params = defined({ Image: x.name, Platform: platformOf(x), Manifests: x.flag('manifests') });
    const image = await named(x, () => x.call('image.inspect', params));
    refusePlatform(x, image);
    x.json(200, { ...image, Config: { ...configDefaults, ...image.Config } });
  }),

  route('GET', '/images/{name*}/history', async (x) => {
    const params = defined({ Image: x.name, Platform: platformOf(x) });
    refusePlatform(x, await named(x, () => x.call('image.inspect', params)));
    x.json(200, await named(x, () => x.call('image.history', params)));
  }),

  route('POST', '/images/{name*}/push', async (x) => {
    const tag = x.text('tag');
    const Reference = tag === undefined ? x.name : `${x.name}:${tag}`;
    const messages = new MessageWriter(x);
    await messages.run(async () => {
      const params = defined({ Reference, AllTags: tag === undefined, Platform: platformOf(x), Auth: authOf(x) });
      messages.write({ status: `The push refers to repository [${fullName(parseReference(x.name))}]` });
      const pushed = await x
        .call('image.push', params, (progress) => messages.transfer(progress))
        .catch((error: unknown) => {
          if (!isEngineError(error, 'NotFound') || !error.message.startsWith('No such image')) throw error;
          throw new EngineError(
            'NotFound',
            `An image does not exist locally with the tag: ${familiarName(parseReference(x.name))}`,
          );
        });
      for (const { Reference: pushedAs, Digest, Size } of pushed) {
        const Tag = pushedAs.slice(pushedAs.lastIndexOf(':') + 1);
        messages.write({ progressDetail: {}, aux: { Tag, Digest, Size } });
      }
    });
  }),

  route('POST', '/images/{name*}/tag', async (x) => {
    const repository = x.text('repo');
    if (repository === undefined) throw new HttpError(400, 'repository name must have at least one component');
    if (repository === 'sha256')
      throw new HttpError(400, 'refusing to create an ambiguous tag using digest algorithm as name');
    const tag = x.text('tag');
    await x.call('image.tag', { Image: x.name, Reference: tag === undefined ? repository : `${repository}:${tag}` });
    x.empty(201);
  }),

  route('DELETE', '/images/{name*}', async (x) => {
    const params = { Image: x.name, Force: x.flag('force'), NoPrune: x.flag('noprune') };
    if (x.text('platforms') !== undefined)
      refusePlatform(x, await named(x, () => x.call('image.inspect', { Image: x.name })), 'platforms');
    x.json(200, await named(x, () => x.call('image.remove', params)));
  }),

  route('GET', '/distribution/{name*}/json', async (x) => {
    const { Descriptor, Platforms } = await x.call('registry.inspect', defined({ Reference: x.name, Auth: authOf(x) }));
    x.json(200, { Descriptor, Platforms });
  }),

  route('POST', '/auth', async (x) => {
    const body = await x.body();
    if (body === undefined) throw new HttpError(400, 'invalid JSON: got EOF while reading request body');
    const answer = await x.call(
      'registry.login',
      defined({
        Server: textField(body, 'serveraddress'),
        Username: textField(body, 'username') ?? '',
        Password: textField(body, 'password') ?? textField(body, 'identitytoken') ?? '',
        // The client keeps credentials itself.
        Store: false,
      }),
    );
    x.json(200, { Status: answer.Status, IdentityToken: answer.IdentityToken });
  }),
];

/** Sent with every image, with Go's zero values. */
const configDefaults = {
  User: '',
  Env: null,
  Cmd: null,
  Volumes: null,
  WorkingDir: '',
  Entrypoint: null,
  OnBuild: null,
  Labels: null,
};

/** What is no image's name at all is refused as such, not looked for. */
async function named<T>(x: Exchange, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isEngineError(error, 'NotFound') && /[A-Z][^/]*$/.test(x.name.replace(/[:@][^/]*$/, '')))
      throw new HttpError(400, `invalid reference format: repository name (library/${x.name}) must be lowercase`);
    throw error;
  }
}

async function pullImage(x: Exchange): Promise<void> {
  const from = x.text('fromImage');
  if (from === undefined) throw new HttpError(400, 'fromImage is required');
  const tag = x.text('tag');
  const joint = tag?.includes(':') === true ? '@' : ':';
  const named = tag === undefined ? from : `${from}${joint}${tag}`;
  const AllTags = tag === undefined && !/[:@][^/]*$/.test(from);
  const messages = new MessageWriter(x);
  await messages.run(async () => {
    const params = defined({ Reference: named, AllTags, Platform: x.text('platform'), Auth: authOf(x) });
    await x.call('image.pull', params, (progress) => messages.transfer(progress));
  });
}

async function importImage(x: Exchange): Promise<void> {
  const from = x.text('fromSrc') ?? '-';
  // As dockerd: what has no scheme is a web server's.
  const url = from === '-' ? undefined : /^https?:\/\//.test(from) ? from : `http://${from}`;
  const repository = x.text('repo');
  const tag = x.text('tag');
  const Changes = x.query.getAll('changes').filter(Boolean);
  const messages = new MessageWriter(x);
  await messages.run(async () => {
    const serve = await x.stream(
      'image.import',
      defined({
        Reference: repository === undefined || tag === undefined ? repository : `${repository}:${tag}`,
        Message: x.text('message'),
        Changes,
        Platform: x.text('platform'),
      }),
      (progress) => messages.transfer(progress),
    );
    const archive =
      url === undefined ? x.incoming() : oneWay((await fetchUrl(url, 'cannot fetch the archive', x.signal)).body);
    if (url !== undefined) messages.write({ status: `Downloading from ${url}` });
    const { Id } = await serve(archive, x.signal);
    messages.write({ status: Id });
  });
}

async function saveImages(x: Exchange, Images: string[]): Promise<void> {
  if (platformOf(x) !== undefined)
    for (const Image of Images) refusePlatform(x, await x.call('image.inspect', { Image }), 'platform', Image);
  await pour(x, 'application/x-tar', await x.stream('image.save', defined({ Images, Platform: platformOf(x) })));
}

/** The platform of a query, since 1.48 OCI's object as JSON: as `linux/amd64`. */
function platformOf(x: Exchange, name = 'platform'): string | undefined {
  const text = x.text(name);
  if (text === undefined) return undefined;
  let platform: unknown;
  try {
    platform = JSON.parse(text);
  } catch {
    throw new HttpError(400, `failed to parse platform: ${text} is not JSON`);
  }
  const { os, architecture, variant } = Object(platform) as Record<string, unknown>;
  if (!os || !architecture) throw new HttpError(400, 'both OS and Architecture must be provided');
  return [os, architecture, variant].filter((part) => typeof part === 'string' && part !== '').join('/');
}

/** An image of one platform is not looked at as one of another. */
function refusePlatform(x: Exchange, { Os, Architecture }: ImageInspect, name = 'platform', image = x.name): void {
  const wanted = platformOf(x, name);
  const found = `${Os}/${Architecture}`;
  if (wanted === undefined || wanted === found || wanted.startsWith(`${found}/`)) return;
  const what = `image with reference ${image} was found but its platform (${found})`;
  throw new HttpError(404, `${what} does not match the specified platform (${wanted})`);
}

/** X-Registry-Auth: base64url of an AuthConfig. An unreadable one counts as none, as with dockerd. */
function authOf(x: Exchange): Record<string, string> | undefined {
  return decodeAuth(x.request.headers['x-registry-auth']);
}

function decodeAuth(header: string | string[] | undefined): Record<string, string> | undefined {
  if (typeof header !== 'string' || header === '') return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    const known = ['username', 'password', 'auth', 'serveraddress', 'identitytoken', 'registrytoken'];
    const entries = Object.entries(value).filter(
      ([name, field]) => known.includes(name) && typeof field === 'string' && field !== '',
    );
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  } catch {
    return undefined;
  }
}
