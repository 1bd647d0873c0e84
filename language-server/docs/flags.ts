// Flags, mount options, directives: what they mean and which values suggest themselves.
import type { Keyword } from '../../runtime/dockerfile/ast.ts';
import type { MountType } from '../../runtime/dockerfile/mount.ts';

export interface ValueDoc {
  readonly text: string;
  /** Values to offer, the most likely first, each with a word about it. */
  readonly values?: Readonly<Record<string, string>>;
}

const ownership: ValueDoc = {
  text: 'Owner of the copied files: `user[:group]`, by name or number. Without it they belong to root.',
};
const fileMode: ValueDoc = {
  text: 'Permissions of the copied files, octal (`755`) or symbolic (`u=rwX,go=rX`).',
  values: { '755': 'rwxr-xr-x', '644': 'rw-r--r--', '600': 'rw-------', 'u=rwX,go=rX': 'symbolic' },
};
const link: ValueDoc = {
  text: 'Puts the files into a layer of their own that does not depend on the layers below, so that it stays cached when the base changes.',
  values: { true: 'the same as no value', false: 'the default' },
};
const exclude: ValueDoc = { text: 'Leaves out paths that match the pattern. May be repeated.' };
const duration = (text: string, ...common: string[]): ValueDoc => ({
  text: `${text} A number with a unit: \`500ms\`, \`30s\`, \`2m\`, \`1h\`.`,
  values: Object.fromEntries(common.map((value, i) => [value, i === 0 ? 'the default' : ''])),
});

export const flagDocs: Readonly<Partial<Record<Keyword, Readonly<Record<string, ValueDoc>>>>> = {
  ADD: {
    chown: ownership,
    chmod: fileMode,
    link,
    'keep-git-dir': { text: 'Keeps `.git` of a Git source.', values: { true: '', false: 'the default' } },
    checksum: { text: 'Digest that the downloaded file must have: `sha256:…`; for Git, the commit.' },
    unpack: {
      text: 'Whether archives are unpacked. Default: local ones are, downloaded ones are not.',
      values: { true: '', false: '' },
    },
    exclude,
  },
  COPY: {
    from: { text: 'A stage (name or number), an image or a named build context to copy from.' },
    chown: ownership,
    chmod: fileMode,
    link,
    parents: {
      text: 'Keeps the parent directories of the sources; a `/./` in a source says where they begin.',
      values: { true: '', false: 'the default' },
    },
    exclude,
  },
  FROM: {
    platform: {
      text: 'The platform of the image, `os/architecture[/variant]`. Default: the platform that is built for.',
      values: {
        $BUILDPLATFORM: 'the machine that builds: for cross-compiling',
        $TARGETPLATFORM: 'the default',
        'linux/amd64': '',
        'linux/arm64': '',
        'linux/arm/v7': '',
        'linux/386': '',
        'linux/ppc64le': '',
        'linux/riscv64': '',
        'linux/s390x': '',
        'windows/amd64': '',
      },
    },
  },
  HEALTHCHECK: {
    interval: duration('Time between two checks.', '30s', '10s', '1m'),
    timeout: duration('A check that takes longer has failed.', '30s', '3s', '10s'),
    'start-period': duration('Failures in this time after the start do not count.', '0s', '10s', '1m'),
    'start-interval': duration('Time between two checks while the start period lasts.', '5s', '1s'),
    retries: {
      text: 'How many checks in a row must fail before the container is unhealthy.',
      values: { '3': 'the default', '5': '', '1': '' },
    },
  },
  RUN: {
    mount: { text: 'Mounts something for this command only. May be repeated.' },
    network: {
      text: 'The network that the command sees.',
      values: {
        default: "the build's network",
        none: 'no network: nothing can be fetched',
        host: "the host's network; needs the entitlement network.host",
      },
    },
    security: {
      text: 'How the command is confined.',
      values: { sandbox: 'the default', insecure: 'no confinement; needs the entitlement security.insecure' },
    },
    device: { text: 'A CDI device for the command, such as `nvidia.com/gpu=all`. May be repeated.' },
  },
};

export const mountTypeDocs: Readonly<Record<MountType, string>> = {
  bind: 'Files of the context, a stage or an image, read-only unless `rw` is given; changes are thrown away.',
  cache: 'A directory that is kept between builds, for compilers and package managers.',
  tmpfs: 'An empty directory in memory.',
  secret: 'A secret given with `--secret`, as a file or a variable; it never gets into a layer.',
  ssh: 'The socket of an ssh agent given with `--ssh`, as `SSH_AUTH_SOCK`.',
};

const booleans = { true: '', false: '' };

/** Options by their main name; what differs by type is under `type.name`. */
const mountOptionDocs: Readonly<Record<string, ValueDoc>> = {
  type: { text: 'The kind of mount; `bind` when left out.', values: mountTypeDocs },
  target: { text: 'Where it is mounted. Relative paths stand on WORKDIR. Also `dst`, `destination`.' },
  'secret.target': { text: 'The file of the secret; `/run/secrets/` and the id when left out.' },
  'ssh.target': { text: 'The path of the socket; `/run/buildkit/ssh_agent.N` when left out.' },
  source: { text: 'A path in `from`; its root when left out. Also `src`.' },
  from: { text: 'A stage, an image or a named context. Variables are not allowed.' },
  'bind.from': { text: 'A stage, an image or a named context; the build context when left out.' },
  'cache.from': { text: 'A stage or image whose content is in the cache when it is new.' },
  readwrite: { text: 'Lets the command write; what it writes is thrown away. Also `rw`.', values: booleans },
  readonly: { text: 'Forbids writing. Also `ro`.', values: booleans },
  id: { text: 'The name of the mount.' },
  'cache.id': { text: 'Caches with one id are one cache; the target when left out.' },
  'secret.id': { text: 'The id given to `--secret`; the last part of the target when left out.' },
  'ssh.id': { text: 'The id given to `--ssh`; `default` when left out.' },
  sharing: {
    text: 'What happens when two builds use the cache at a time.',
    values: {
      shared: 'both write (the default)',
      private: 'the second gets a cache of its own',
      locked: 'the second waits',
    },
  },
  mode: {
    text: 'Permissions, octal.',
    values: { '0755': 'of new caches', '0400': 'of secrets', '0600': 'of sockets' },
  },
  uid: { text: 'Owner, a number; 0 when left out.' },
  gid: { text: 'Group, a number; 0 when left out.' },
  size: { text: 'The most that it may hold, such as `64m`.', values: { '64m': '', '1g': '' } },
  env: { text: 'The variable that has the secret, instead of a file or besides it.' },
  required: { text: 'Fails the build when it was not given; otherwise the mount is left out.', values: booleans },
};

/** The documentation of a mount's option. */
export function mountOptionDoc(type: MountType | undefined, name: string): ValueDoc | undefined {
  return mountOptionDocs[`${type ?? ''}.${name}`] ?? mountOptionDocs[name];
}

export const directiveDocs: Readonly<Record<'syntax' | 'escape' | 'check', ValueDoc>> = {
  syntax: {
    text: 'The image that understands this file. `docker/dockerfile:1` is the newest stable version of the language.',
    values: {
      'docker/dockerfile:1': 'newest stable',
      'docker/dockerfile:1-labs': 'with experimental features',
      'docker/dockerfile-upstream:master': 'unreleased',
    },
  },
  escape: {
    text: 'The character that continues lines and takes the meaning from others. The backtick suits Windows paths.',
    values: { '`': 'for Windows paths', '\\': 'the default' },
  },
  check: {
    text: 'How build checks behave in this file: `skip=RULE,RULE` or `skip=all`, `error=true`, `experimental=RULE`, joined by `;`.',
    values: { 'skip=': 'rules to leave out', 'error=true': 'findings fail the build', 'experimental=all': '' },
  },
};
