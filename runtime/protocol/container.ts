// Containers. States are Docker's: created, running, paused, restarting, removing, exited, dead.
import { Type } from 'typebox';
import {
  ContainerConfigSchema,
  HostConfigSchema,
  NetworkingConfigSchema,
  ResourcesSchema,
  RestartPolicySchema,
} from './container_config.ts';
import type {
  Anatomy,
  ContainerInspect,
  ContainerStats,
  ContainerSummary,
  ContainerTop,
  FilesystemChange,
  PathStat,
} from './container_views.ts';
import {
  call,
  containerRef,
  filters,
  flag,
  integer,
  optionalInteger,
  optionalText,
  optionalTexts,
  params,
  stream,
  text,
} from './method.ts';

const one = () => params({ Container: containerRef() });

export interface CreatedContainer {
  Id: string;
  Warnings: string[];
}

export interface WaitResult {
  StatusCode: number;
  Error?: { Message: string };
}

export interface PruneContainersResult {
  ContainersDeleted: string[];
  /** Bytes. */
  SpaceReclaimed: number;
}

/** How an attach ended: the container's exit is asked for with `container.wait`. */
export interface AttachOutcome {
  /** `detached`: the detach keys were typed or the client went; `ended`: the container's streams are at their end. */
  Reason: 'detached' | 'ended';
}

export const containerMethods = {
  'container.list': call<ContainerSummary[]>()({
    summary:
      'Lists containers, newest first. Filters: ancestor before expose exited health id is-task label name network publish since status volume.',
    params: params({ All: flag(), Limit: optionalInteger(), Size: flag(), Filters: filters() }),
  }),
  'container.inspect': call<ContainerInspect>()({
    summary: 'Everything known of one container.',
    params: params({ Container: containerRef(), Size: flag() }),
    errors: ['NotFound'],
  }),
  'container.create': call<CreatedContainer>()({
    summary: 'Creates a container and does not start it. The image must be present (image.pull first).',
    params: params({
      Name: optionalText(),
      Platform: optionalText(),
      Config: ContainerConfigSchema,
      HostConfig: Type.Optional(HostConfigSchema),
      NetworkingConfig: Type.Optional(NetworkingConfigSchema),
    }),
    errors: ['NotFound', 'AlreadyExists', 'Unsupported', 'PermissionDenied', 'ResourceExhausted'],
  }),
  'container.start': call<null>()({
    summary: 'Starts a created or exited container; NotModified if it runs.',
    params: params({ Container: containerRef() }),
    errors: [
      'NotFound',
      'NotModified',
      'Conflict',
      'CommandNotFound',
      'CommandNotExecutable',
      'RuntimeFailed',
      'PermissionDenied',
      'ResourceExhausted',
      'Unavailable',
    ],
  }),
  'container.stop': call<null>()({
    summary:
      'Sends the stop signal, then SIGKILL after the timeout (seconds; -1: never). NotModified if it does not run.',
    params: params({ Container: containerRef(), Signal: optionalText(), Timeout: optionalInteger() }),
    errors: ['NotFound', 'NotModified'],
  }),
  'container.restart': call<null>()({
    summary: 'Stops and starts.',
    params: params({ Container: containerRef(), Signal: optionalText(), Timeout: optionalInteger() }),
    errors: ['NotFound', 'Conflict', 'CommandNotFound', 'CommandNotExecutable', 'RuntimeFailed', 'Unavailable'],
  }),
  'container.kill': call<null>()({
    summary: 'Sends a signal (default SIGKILL) to the main process.',
    params: params({ Container: containerRef(), Signal: optionalText() }),
    errors: ['NotFound', 'Conflict'],
  }),
  'container.pause': call<null>()({
    summary: 'Freezes every process.',
    params: one(),
    errors: ['NotFound', 'Conflict'],
  }),
  'container.unpause': call<null>()({ summary: 'Thaws.', params: one(), errors: ['NotFound', 'Conflict'] }),
  'container.wait': call<WaitResult>()({
    summary:
      'Waits. Condition: not-running (default; at once if it does not run), next-exit, removed. Answers when the condition holds.',
    params: params({ Container: containerRef(), Condition: optionalText() }),
    errors: ['NotFound'],
  }),
  'container.remove': call<null>()({
    summary: 'Removes. Force kills first; Volumes removes its anonymous volumes; Link removes a link name only.',
    params: params({ Container: containerRef(), Force: flag(), Volumes: flag(), Link: flag() }),
    errors: ['NotFound', 'Conflict'],
  }),
  'container.prune': call<PruneContainersResult>()({
    summary: 'Removes every container that does not run. Filters: label label! until.',
    params: params({ Filters: filters() }),
  }),
  'container.rename': call<null>()({
    summary: 'Gives a new name.',
    params: params({ Container: containerRef(), Name: text() }),
    errors: ['NotFound', 'AlreadyExists'],
  }),
  'container.update': call<{ Warnings: string[] }>()({
    summary: 'Changes limits (of a running container too) and the restart policy.',
    params: params({
      Container: containerRef(),
      Resources: Type.Optional(ResourcesSchema),
      RestartPolicy: Type.Optional(RestartPolicySchema),
    }),
    errors: ['NotFound', 'Conflict', 'PermissionDenied', 'Unsupported'],
  }),
  'container.top': call<ContainerTop>()({
    summary: "The processes as ps lists them; PsArgs are ps's own (default -ef).",
    params: params({ Container: containerRef(), PsArgs: optionalText() }),
    errors: ['NotFound', 'Conflict', 'Unsupported'],
  }),
  'container.changes': call<FilesystemChange[]>()({
    summary: 'What the container changed in its file system. Kind: 0 changed, 1 added, 2 deleted.',
    params: one(),
    errors: ['NotFound'],
  }),
  'container.stats': call<ContainerStats, ContainerStats>()({
    summary:
      'One reading; with Stream, one progress value a second until cancelled or removed. OneShot: no first pre-reading.',
    params: params({ Container: containerRef(), Stream: flag(), OneShot: flag() }),
    errors: ['NotFound'],
  }),
  'container.resize': call<null>()({
    summary: "Sets the size of the container's terminal, in characters.",
    params: params({ Container: containerRef(), Height: integer(), Width: integer() }),
    errors: ['NotFound', 'Conflict'],
  }),
  'container.logs': stream<null>()({
    summary:
      'The log. Raw bytes if the container has a terminal, frames otherwise. Since/Until: RFC 3339, Unix seconds with fraction, or a duration ago. Tail: a number or "all".',
    params: params({
      Container: containerRef(),
      Stdout: flag(),
      Stderr: flag(),
      Follow: flag(),
      Timestamps: flag(),
      Details: flag(),
      Since: optionalText(),
      Until: optionalText(),
      Tail: optionalText(),
    }),
    errors: ['NotFound', 'Unsupported'],
  }),
  'container.attach': stream<AttachOutcome>()({
    summary:
      'Connects to the streams. Raw bytes with a terminal, frames otherwise; what the client writes is stdin, its half-close ends stdin. Logs: what was written so far comes first. Stream: what comes from now on. May precede container.start.',
    params: params({
      Container: containerRef(),
      Stdin: flag(),
      Stdout: flag(),
      Stderr: flag(),
      Stream: flag(),
      Logs: flag(),
      DetachKeys: optionalText(),
    }),
    errors: ['NotFound', 'Conflict'],
  }),
  'container.export': stream<null>()({
    summary: 'The whole file system as a tar archive.',
    params: one(),
    errors: ['NotFound', 'Conflict'],
  }),
  'container.archiveStat': call<PathStat>()({
    summary: 'What is at a path in the container. Links are resolved inside the container only.',
    params: params({ Container: containerRef(), Path: text() }),
    errors: ['NotFound'],
  }),
  'container.archiveGet': stream<PathStat>()({
    summary:
      "A tar archive of a file or directory in the container. As: the name of its entries instead of the path's last part; Follow: what a link leads to.",
    params: params({ Container: containerRef(), Path: text(), As: optionalText(), Follow: flag() }),
    errors: ['NotFound'],
  }),
  'container.archivePut': stream<null>()({
    summary: 'Unpacks the tar archive that the client writes into a directory of the container.',
    params: params({
      Container: containerRef(),
      Path: text(),
      NoOverwriteDirNonDir: flag(),
      CopyUIDGID: flag(),
    }),
    errors: ['NotFound', 'PermissionDenied', 'DataCorrupt', 'ResourceExhausted'],
  }),
  'container.commit': call<{ Id: string }>()({
    summary: 'Makes an image from the container. Changes are Dockerfile instructions. Pause defaults to true.',
    params: params({
      Container: containerRef(),
      Reference: optionalText(),
      Message: optionalText(),
      Author: optionalText(),
      Pause: flag(),
      Changes: optionalTexts(),
      Config: Type.Optional(ContainerConfigSchema),
    }),
    errors: ['NotFound', 'Conflict', 'ResourceExhausted'],
  }),
  'container.anatomy': call<Anatomy>()({
    summary: 'What the kernel says of a container: processes, namespaces and who shares them, cgroup, layers, mounts.',
    params: one(),
    errors: ['NotFound'],
  }),
} as const;
