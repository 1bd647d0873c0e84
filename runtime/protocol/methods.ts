// Every method by name. Clients import the types only, so that schemas stay out of their bundles.
import { buildMethods } from './build.ts';
import { containerMethods } from './container.ts';
import { eventMethods } from './event.ts';
import { execMethods } from './exec.ts';
import { fileMethods } from './file.ts';
import { imageMethods } from './image.ts';
import type { ParamsOf, ProgressOf, ResultOf } from './method.ts';
import { networkMethods } from './network.ts';
import { registryMethods } from './registry.ts';
import { streamMethods } from './stream.ts';
import { systemMethods } from './system.ts';
import { volumeMethods } from './volume.ts';

export const methods = {
  ...containerMethods,
  ...execMethods,
  ...fileMethods,
  ...imageMethods,
  ...networkMethods,
  ...volumeMethods,
  ...registryMethods,
  ...buildMethods,
  ...eventMethods,
  ...streamMethods,
  ...systemMethods,
} as const;

type Methods = typeof methods;
export type MethodName = keyof Methods;
export type CallName = { [N in MethodName]: Methods[N]['kind'] extends 'call' ? N : never }[MethodName];
export type StreamName = { [N in MethodName]: Methods[N]['kind'] extends 'stream' ? N : never }[MethodName];

export type Params<N extends MethodName> = ParamsOf<Methods[N]>;
/** A call's answer, or a stream's outcome. */
export type Result<N extends MethodName> = ResultOf<Methods[N]>;
export type Progress<N extends MethodName> = ProgressOf<Methods[N]>;
