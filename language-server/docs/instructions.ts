// What each instruction does, how it is written, and what to type for it. Shown by hover, completion and signature help.
import type { Keyword } from '../../runtime/dockerfile/ast.ts';

export interface InstructionDoc {
  /** One sentence. */
  readonly summary: string;
  /** What one should know before writing it. */
  readonly details: string;
  /** How it is written; `<…>` is a parameter, `[…]` may be left out, `…` may be repeated. */
  readonly signatures: readonly string[];
  /** Snippets: a label's addition and the text behind the keyword. */
  readonly snippets: readonly { readonly label: string; readonly body: string }[];
}

export const instructionDocs: Readonly<Record<Keyword, InstructionDoc>> = {
  ADD: {
    summary: 'Adds files, URLs, Git repositories or the content of archives to the image.',
    details:
      'A local archive (tar, gzip, bzip2, xz) is unpacked; a URL is downloaded, and unpacked only with `--unpack`. Where none of that is wanted, `COPY` says so more plainly.',
    signatures: [
      'ADD [--chown=<user>:<group>] [--chmod=<mode>] [--checksum=<digest>] <source>… <destination>',
      'ADD ["<source>", … "<destination>"]',
    ],
    snippets: [{ label: 'source destination', body: '${1:source} ${2:destination}' }],
  },
  ARG: {
    summary: 'Declares a variable that `--build-arg` may set while the image is built.',
    details:
      'Before the first `FROM` it is global: `FROM` lines see it, and a stage sees it after repeating `ARG NAME`. In a stage it holds from its line to the end of the stage and in stages built on it. It is not in the running container, but it is in the history: no place for secrets.',
    signatures: ['ARG <name>[=<default>] …'],
    snippets: [
      { label: 'name', body: '${1:name}' },
      { label: 'name=default', body: '${1:name}=${2:default}' },
    ],
  },
  CMD: {
    summary: 'The command that a container runs when none is given, or the default arguments of `ENTRYPOINT`.',
    details: 'Only the last one counts. The exec form starts the program itself, so that it receives signals.',
    signatures: ['CMD ["<program>", "<argument>", …]', 'CMD <command>'],
    snippets: [{ label: '["program", "argument"]', body: '["${1:program}"$2]' }],
  },
  COPY: {
    summary: 'Copies files and directories from the build context, another stage or an image.',
    details:
      "Sources are relative to the context and may hold `*`, `?` and `[…]`; what `.dockerignore` excludes is not there. Several sources need a destination that ends with `/`. A directory's content is copied, not the directory itself.",
    signatures: [
      'COPY [--from=<stage>] [--chown=<user>:<group>] [--chmod=<mode>] [--link] <source>… <destination>',
      'COPY ["<source>", … "<destination>"]',
    ],
    snippets: [
      { label: 'source destination', body: '${1:source} ${2:destination}' },
      { label: '--from=stage source destination', body: '--from=${1:stage} ${2:source} ${3:destination}' },
    ],
  },
  ENTRYPOINT: {
    summary: 'The program that a container runs; `CMD` and the arguments of `run` are handed to it.',
    details:
      'Only the last one counts. In shell form a shell is process 1: it passes no signals on and takes no arguments.',
    signatures: ['ENTRYPOINT ["<program>", "<argument>", …]', 'ENTRYPOINT <command>'],
    snippets: [{ label: '["program", "argument"]', body: '["${1:program}"$2]' }],
  },
  ENV: {
    summary: 'Sets environment variables for the following instructions and for containers.',
    details:
      'It stays in the image and in stages built on this one, and wins over an `ARG` of the same name. A value may use variables set on earlier lines. The form `ENV name value` is old.',
    signatures: ['ENV <name>=<value> …'],
    snippets: [{ label: 'name=value', body: '${1:name}=${2:value}' }],
  },
  EXPOSE: {
    summary: 'Says on which ports the container listens.',
    details: 'It publishes nothing by itself: that is `-p` or `-P` of `run`. Without a protocol, `tcp` is meant.',
    signatures: ['EXPOSE <port>[/<protocol>] …'],
    snippets: [{ label: 'port', body: '${1:8080}' }],
  },
  FROM: {
    summary: 'Begins a build stage on top of an image, or of an earlier stage.',
    details:
      '`scratch` is the empty image. A name behind `AS` lets later stages build on this one (`FROM name`) or take files from it (`COPY --from=name`). Only global `ARG`s are known here.',
    signatures: ['FROM [--platform=<platform>] <image>[:<tag>][@<digest>] [AS <name>]'],
    snippets: [
      { label: 'image', body: '${1:image}:${2:tag}' },
      { label: 'image AS name', body: '${1:image}:${2:tag} AS ${3:name}' },
    ],
  },
  HEALTHCHECK: {
    summary: 'How to find out whether the container still works.',
    details:
      'The command runs in the container again and again: exit code 0 is healthy, 1 is not. `NONE` turns off what the base image has. Only the last one counts.',
    signatures: [
      'HEALTHCHECK [--interval=<duration>] [--timeout=<duration>] [--start-period=<duration>] [--retries=<n>] CMD <command>',
      'HEALTHCHECK NONE',
    ],
    snippets: [
      {
        label: '--interval --timeout CMD command',
        body: '--interval=${1:30s} --timeout=${2:5s} --retries=${3:3} CMD ${4:command}',
      },
      { label: 'NONE', body: 'NONE' },
    ],
  },
  LABEL: {
    summary: 'Adds metadata to the image.',
    details: 'Common names are those of OCI, `org.opencontainers.image.…`. Labels of the base image are kept.',
    signatures: ['LABEL <key>=<value> …'],
    snippets: [{ label: 'key=value', body: '${1:key}="${2:value}"' }],
  },
  MAINTAINER: {
    summary: 'Names the author of the image. Deprecated.',
    details: 'Use `LABEL org.opencontainers.image.authors="…"`.',
    signatures: ['MAINTAINER <name>'],
    snippets: [{ label: 'name', body: '${1:name}' }],
  },
  ONBUILD: {
    summary: 'Keeps an instruction for the moment when another build uses this image as its base.',
    details: '`FROM`, `MAINTAINER` and another `ONBUILD` are not allowed behind it.',
    signatures: ['ONBUILD <instruction>'],
    snippets: [{ label: 'instruction', body: '${1|ADD,ARG,CMD,COPY,ENTRYPOINT,ENV,EXPOSE,RUN,USER,WORKDIR|} $2' }],
  },
  RUN: {
    summary: 'Runs a command in the image as it is so far and keeps what it changes as a layer.',
    details:
      'In shell form by `/bin/sh -c`, or what `SHELL` says; with a heredoc (`RUN <<EOF`) a whole script. `--mount` gives the command caches, secrets, ssh keys and files that do not end up in the layer.',
    signatures: [
      'RUN [--mount=<options>] [--network=<network>] [--security=<security>] <command>',
      'RUN ["<program>", "<argument>", …]',
      'RUN <<EOF',
    ],
    snippets: [
      { label: 'command', body: '${1:command}' },
      { label: '--mount=type=cache command', body: '--mount=type=cache,target=${1:/root/.cache} ${2:command}' },
      { label: '<<EOF', body: '<<EOF\n${1:command}\nEOF' },
    ],
  },
  SHELL: {
    summary: 'The shell for the shell form of the instructions that follow.',
    details: 'The default is `["/bin/sh", "-c"]` on Linux and `["cmd", "/S", "/C"]` on Windows. It must be JSON.',
    signatures: ['SHELL ["<program>", "<argument>", …]'],
    snippets: [{ label: '["/bin/bash", "-o", "pipefail", "-c"]', body: '["${1:/bin/bash}", "-o", "pipefail", "-c"]' }],
  },
  STOPSIGNAL: {
    summary: 'The signal that asks the container to end.',
    details: 'A name (`SIGTERM`, the default) or a number. `stop` sends `SIGKILL` when it does not end in time.',
    signatures: ['STOPSIGNAL <signal>'],
    snippets: [{ label: 'signal', body: '${1:SIGTERM}' }],
  },
  USER: {
    summary: 'The user, and optionally the group, for the instructions that follow and for containers.',
    details: 'A name must exist in the image. With a user and no group the group is root.',
    signatures: ['USER <user>[:<group>]'],
    snippets: [
      { label: 'user', body: '${1:user}' },
      { label: 'user:group', body: '${1:user}:${2:group}' },
    ],
  },
  VOLUME: {
    summary: 'Marks directories whose content lives in volumes.',
    details: 'Each container gets a new anonymous volume there unless another is mounted.',
    signatures: ['VOLUME <path> …', 'VOLUME ["<path>", …]'],
    snippets: [{ label: '["path"]', body: '["${1:path}"]' }],
  },
  WORKDIR: {
    summary: 'The working directory for the instructions that follow and for containers.',
    details: 'It is made when it does not exist. A relative path adds to the one before.',
    signatures: ['WORKDIR <path>'],
    snippets: [{ label: 'path', body: '${1:/app}' }],
  },
};

/** Where the reference documentation of an instruction is. */
export function referenceUrl(keyword: Keyword): string {
  return `https://docs.docker.com/reference/dockerfile/#${keyword.toLowerCase()}`;
}
