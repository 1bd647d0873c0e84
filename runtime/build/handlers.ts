// The methods of building.

import { stagesOf, targetStage } from '../dockerfile/stages.ts';
import { withFailures } from '../image/failures.ts';
import type { BuildProblem, buildMethods } from '../protocol/build.ts';
import { EngineError, isEngineError } from '../protocol/errors.ts';
import type { HandlersOf } from '../protocol/handler.ts';
import { runBuild } from './builder.ts';
import { openContext } from './context.ts';
import { type DebugHandlers, DebugSession } from './debug.ts';
import { rangeOf } from './failure.ts';
import { planBuild } from './plan.ts';
import { listCache, pruneCache } from './prune.ts';
import type { BuildServices } from './solver.ts';

type BuildHandlers = HandlersOf<typeof buildMethods>;

export function buildHandlers(services: BuildServices, handlers: DebugHandlers): BuildHandlers {
  const sessions = new Map<string, DebugSession>();
  const sessionOf = (id: string): DebugSession => {
    const session = sessions.get(id);
    if (session === undefined) throw new EngineError('NotFound', `No such debug session: ${id}`);
    return session;
  };
  return {
    'build.run': async (request, { progress }) => {
      return async (duplex, signal) => {
        try {
          return await withFailures('build', () => runBuild(services, handlers, { request, duplex, signal, progress }));
        } catch (error) {
          if (signal.aborted) throw new EngineError('Cancelled', 'the build was cancelled');
          const problem = problemOf(error);
          if (problem !== undefined) progress({ Kind: 'problem', Problem: problem });
          throw error;
        }
      };
    },

    'build.plan': async (request, { signal }) => await planBuild(services, handlers, request, signal),

    'build.check': async (request, { signal }) => {
      const scratch = services.images.context.paths.dataRoot;
      await using context = await openContext(request, undefined, scratch, signal);
      const { file } = context;
      const problems: BuildProblem[] = file.document.instructions.flatMap((instruction) =>
        instruction.problems.map(({ message, span }) => ({
          Severity: 'error' as const,
          Message: message,
          Range: rangeOf(file, instruction, span),
        })),
      );
      const model = stagesOf(file.document);
      if (request.Target !== undefined && targetStage(model, request.Target) === undefined) {
        problems.push({ Severity: 'error', Message: `target stage "${request.Target}" could not be found` });
      }
      return problems;
    },

    'build.debug': async (request, { progress, signal }) => {
      const session = new DebugSession(services, handlers, request, progress, () => sessions.delete(session.id));
      sessions.set(session.id, session);
      return await session.start(signal);
    },

    'build.debugContinue': async (request, { progress, signal }) =>
      await sessionOf(request.Session).goOn(request, progress, signal),

    'build.debugState': async ({ Session }) => sessionOf(Session).state,

    'build.debugShell': async (request, { signal }) => ({
      Container: await sessionOf(request.Session).shell(request, signal),
    }),

    'build.debugStop': async ({ Session }) => {
      await sessionOf(Session).end();
      return null;
    },

    'build.cacheList': async ({ Filters }) => listCache(services, Filters),

    'build.cachePrune': async ({ All, ReservedSpace, MaxUsedSpace, MinFreeSpace, Filters = {} }) =>
      await pruneCache(services, {
        all: All === true,
        keep: MaxUsedSpace ?? ReservedSpace,
        minFree: MinFreeSpace,
        filters: Filters,
      }),
  };
}

/** A failed build as a finding at its place. */
function problemOf(error: unknown): BuildProblem | undefined {
  if (!isEngineError(error)) return undefined;
  const { File, Line, Character, EndLine, EndCharacter } = error.details ?? {};
  const [first = ''] = error.message.split('\n');
  if (typeof File !== 'string' || typeof Line !== 'number' || typeof Character !== 'number') return undefined;
  return {
    Severity: 'error',
    Message: first.replace(/^[^:]*:\d+:\d+: /, ''),
    Range: {
      File,
      Start: { Line, Character },
      End: { Line: Number(EndLine ?? Line), Character: Number(EndCharacter ?? Character) },
    },
  };
}
