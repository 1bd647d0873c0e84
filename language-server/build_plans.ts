// The engine's plans for open Dockerfiles. A plan is kept by instruction, so that what it said of an instruction stays right
// while others are edited, until the next plan comes.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Instruction } from '../runtime/dockerfile/ast.ts';
import type { PlannedStep } from '../runtime/protocol/build.ts';
import type { EngineKnowledge } from './engine.ts';
import type { OpenDocument } from './open_document.ts';
import type { Settings } from './protocol.ts';
import { buildContext } from './services.ts';

/** The engine is asked when nothing was typed for this many milliseconds. */
const pause = 400;

interface Plan {
  /** The document's version that was planned, or is being planned. */
  version: number;
  /** What was outside then: files, images, the build cache. */
  generation: number;
  abort: AbortController;
  steps: WeakMap<Instruction, PlannedStep>;
}

export class BuildPlans {
  readonly #engine: EngineKnowledge;
  readonly #settings: () => Settings;
  /** Called when there is something new to show. */
  readonly #onDidPlan: () => void;
  readonly #plans = new WeakMap<OpenDocument, Plan>();
  #generation = 0;

  constructor(engine: EngineKnowledge, settings: () => Settings, onDidPlan: () => void) {
    this.#engine = engine;
    this.#settings = settings;
    this.#onDidPlan = onDidPlan;
  }

  /** What is known now; what is not is asked for in the background. */
  steps(open: OpenDocument): { get(instruction: Instruction): PlannedStep | undefined } {
    let plan = this.#plans.get(open);
    const generation = this.#generation;
    if (plan === undefined || plan.version !== open.document.version || plan.generation !== generation) {
      plan?.abort.abort();
      const { version } = open.document;
      plan = { version, generation, abort: new AbortController(), steps: plan?.steps ?? new WeakMap() };
      this.#plans.set(open, plan);
      void this.#ask(open, plan);
    }
    return plan.steps;
  }

  /** Files of a context, images or the cache changed: what is known is shown until the engine has said it anew. */
  outdate(): void {
    this.#generation += 1;
    this.#onDidPlan();
  }

  forget(open: OpenDocument): void {
    this.#plans.get(open)?.abort.abort();
    this.#plans.delete(open);
  }

  async #ask(open: OpenDocument, plan: Plan): Promise<void> {
    const { signal } = plan.abort;
    const context = buildContext(open.uri, this.#settings());
    if (context === undefined) return;
    try {
      await sleep(pause, undefined, { signal, ref: false });
    } catch {
      // Typed on: a later plan is on its way.
      return;
    }
    const request = { Context: context.directory, DockerfileText: open.text };
    const answer = await this.#engine.plan(request, signal);
    if (answer === undefined || signal.aborted) return;
    const byLine = new Map(answer.Steps.map((step) => [step.Range.Start.Line, step]));
    plan.steps = new WeakMap();
    for (const instruction of open.document.instructions) {
      const step = byLine.get(instruction.startLine);
      if (step !== undefined) plan.steps.set(instruction, step);
    }
    this.#onDidPlan();
  }
}
