// What a build or run task says in tasks.json, and how it becomes a request to the engine. No vscode in here.
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { BuildRequest } from '../../runtime/protocol/build.ts';

/** All paths relative to the workspace folder, or absolute. */
export interface BuildDefinition {
  dockerfile: string;
  /** The Dockerfile's folder without it. */
  context?: string;
  tag?: string;
  target?: string;
  platform?: string;
  buildArgs?: Readonly<Record<string, string>>;
}

export function buildRequest(definition: BuildDefinition, folder: string): BuildRequest {
  const resolve = (path: string): string => (isAbsolute(path) ? path : join(folder, path));
  const dockerfile = resolve(definition.dockerfile);
  return {
    Context: definition.context === undefined ? dirname(dockerfile) : resolve(definition.context),
    Dockerfile: dockerfile,
    ...(definition.tag === undefined ? {} : { Tags: [definition.tag] }),
    ...(definition.target === undefined ? {} : { Target: definition.target }),
    ...(definition.platform === undefined ? {} : { Platforms: [definition.platform] }),
    ...(definition.buildArgs === undefined ? {} : { BuildArgs: { ...definition.buildArgs } }),
  };
}

/** A name for the image, from the folder: what a repository name may not have becomes a hyphen. */
export function suggestTag(dockerfile: string): string {
  const name = basename(dirname(dockerfile))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return `${name === '' ? 'image' : name}:latest`;
}
