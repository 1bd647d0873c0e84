// Names and values that suggest themselves: predefined arguments, signals, ports, users, shells, labels.
import { builderArguments, platformArguments, proxyArguments } from '../../runtime/dockerfile/predefined.ts';

type Names = Readonly<Record<string, string>>;

export const platformArgumentDocs: Readonly<Record<keyof typeof platformArguments, string>> = {
  TARGETPLATFORM: 'Platform that is built for, such as `linux/arm64`.',
  TARGETOS: 'Operating system that is built for, such as `linux`.',
  TARGETARCH: 'Architecture that is built for, such as `arm64`.',
  TARGETVARIANT: 'Variant of the architecture that is built for, such as `v7`.',
  BUILDPLATFORM: 'Platform of the machine that builds.',
  BUILDOS: 'Operating system of the machine that builds.',
  BUILDARCH: 'Architecture of the machine that builds.',
  BUILDVARIANT: 'Variant of the architecture of the machine that builds.',
  TARGETSTAGE: 'Name of the stage given with `--target`.',
};

const builderDocs: Names = {
  BUILDKIT_BUILD_NAME: 'Name of the build in histories.',
  BUILDKIT_CACHE_MOUNT_NS: 'Prefix of the ids of cache mounts.',
  BUILDKIT_CONTEXT_KEEP_GIT_DIR: 'Keeps `.git` of a Git context.',
  BUILDKIT_DOCKERFILE_CHECK: "Build checks' settings, instead of the file's `# check=`.",
  BUILDKIT_INLINE_CACHE: 'Puts cache metadata into the image.',
  BUILDKIT_MULTI_PLATFORM: 'Makes an index even for one platform.',
  BUILDKIT_SANDBOX_HOSTNAME: 'Host name while commands run; `buildkitsandbox` otherwise.',
  BUILDKIT_SYNTAX: "The frontend, instead of the file's `# syntax=`.",
  SOURCE_DATE_EPOCH: 'Seconds since 1970 that stand for now, for builds that give the same bits again.',
};

/** Arguments that exist or mean something without an ARG before. */
export function predefinedArgumentDoc(name: string): string | undefined {
  if (Object.hasOwn(platformArgumentDocs, name)) return (platformArgumentDocs as Names)[name];
  if (Object.hasOwn(builderDocs, name)) return builderDocs[name];
  return proxyArguments.some((known) => known === name)
    ? 'Proxy for commands; set with `--build-arg`, no `ARG` needed, in no history and not in the cache key.'
    : undefined;
}

export const predefinedArguments: readonly string[] = [
  ...Object.keys(platformArguments),
  ...proxyArguments,
  ...builderArguments,
];

export const signals: Names = {
  SIGTERM: 'the default',
  SIGINT: 'as Ctrl+C',
  SIGQUIT: 'graceful end of nginx and php-fpm',
  SIGHUP: '',
  SIGUSR1: '',
  SIGUSR2: '',
  SIGWINCH: 'graceful end of Apache httpd',
  SIGKILL: 'cannot be caught',
  'SIGRTMIN+3': 'end of systemd',
};

export const ports: Names = {
  '80': 'HTTP',
  '443': 'HTTPS',
  '443/udp': 'HTTP/3',
  '3000': 'Node.js and Rails servers',
  '5000': 'Flask, registries',
  '8000': 'Django, Uvicorn',
  '8080': 'HTTP without root',
  '8443': 'HTTPS without root',
  '9090': 'Prometheus',
  '22': 'SSH',
  '53/udp': 'DNS',
  '1433': 'SQL Server',
  '3306': 'MySQL',
  '5432': 'PostgreSQL',
  '6379': 'Redis',
  '27017': 'MongoDB',
};

export const users: Names = {
  root: 'user 0',
  nobody: 'no rights',
  nonroot: 'user 65532 of distroless images',
  '1000': 'the first ordinary user',
  '1000:1000': 'the first ordinary user and group',
  node: 'of the node images',
  postgres: 'of the postgres images',
  nginx: 'of the nginx images',
  'www-data': 'of Debian web servers',
};

export const shells: Names = {
  '["/bin/sh", "-c"]': 'the default on Linux',
  '["/bin/bash", "-c"]': '',
  '["/bin/bash", "-o", "pipefail", "-c"]': 'a pipe fails when any part of it fails',
  '["/bin/bash", "-euxo", "pipefail", "-c"]': 'strict and talkative',
  '["/bin/ash", "-eo", "pipefail", "-c"]': 'for Alpine',
  '["powershell", "-Command"]': 'Windows PowerShell',
  '["pwsh", "-Command"]': 'PowerShell',
  '["cmd", "/S", "/C"]': 'the default on Windows',
};

export const labels: Names = {
  'org.opencontainers.image.title': 'name for people',
  'org.opencontainers.image.description': '',
  'org.opencontainers.image.version': 'version of the software',
  'org.opencontainers.image.created': 'date and time, RFC 3339',
  'org.opencontainers.image.authors': '',
  'org.opencontainers.image.url': 'where more is to be found',
  'org.opencontainers.image.documentation': 'address of the documentation',
  'org.opencontainers.image.source': 'address of the source code',
  'org.opencontainers.image.revision': "the source's revision",
  'org.opencontainers.image.vendor': '',
  'org.opencontainers.image.licenses': 'SPDX expression',
  'org.opencontainers.image.ref.name': '',
  'org.opencontainers.image.base.name': 'the base image',
  'org.opencontainers.image.base.digest': "the base image's digest",
};

/** Official images that people start from, for when nothing else is known. */
export const commonImages: Names = {
  alpine: 'small Linux with musl',
  debian: '',
  ubuntu: '',
  busybox: '',
  node: 'Node.js',
  python: '',
  golang: 'Go',
  rust: '',
  nginx: '',
  postgres: 'PostgreSQL',
  redis: '',
  php: '',
  ruby: '',
  'eclipse-temurin': 'Java',
  scratch: 'the empty image',
};
