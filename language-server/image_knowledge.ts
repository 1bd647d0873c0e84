// What the linter may know of images, answered at once from what the engine told before; what is new is asked for meanwhile.
import type { EngineKnowledge } from './engine.ts';
import type { ImageKnowledge } from './lint/rule.ts';

/** Answers are asked for again after this many milliseconds. */
const keep = 60_000;

export class ImageAnswers {
  readonly #engine: EngineKnowledge;
  /** Called when an answer came that was not there before. */
  readonly #onDidLearn: () => void;
  readonly #known = new Map<string, { until: number; answer: ImageKnowledge | undefined }>();

  constructor(engine: EngineKnowledge, onDidLearn: () => void) {
    this.#engine = engine;
    this.#onDidLearn = onDidLearn;
  }

  get(reference: string): ImageKnowledge | undefined {
    const known = this.#known.get(reference);
    if (known === undefined || known.until < Date.now()) {
      this.#known.set(reference, { until: Date.now() + keep, answer: known?.answer });
      void this.#ask(reference);
    }
    return known?.answer;
  }

  async #ask(reference: string): Promise<void> {
    const image = await this.#engine.image(reference);
    if (image === undefined) return;
    const environment = (image.Config.Env ?? []).map((entry): [string, string] => {
      const equals = entry.indexOf('=');
      return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
    });
    const digests = image.RepoDigests.map((name) => name.split('@')[1]);
    const now = digests.length === 0 ? undefined : (await this.#engine.registryImage(reference))?.digest;
    const answer: ImageKnowledge = {
      environment: Object.fromEntries(environment),
      platform: [image.Os, image.Architecture, image.Variant].filter((part) => part).join('/'),
      user: image.Config.User ?? '',
      onbuild: image.Config.OnBuild ?? [],
      ...(now === undefined || digests.includes(now) ? {} : { movedTo: now }),
    };
    this.#known.set(reference, { until: Date.now() + keep, answer });
    this.#onDidLearn();
  }
}
