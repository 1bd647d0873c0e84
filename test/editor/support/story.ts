// A test in the editor, told as a person's doing.
import { type TestContext, test } from 'node:test';
import type { Session } from './session.ts';

/** A story's time is more than that of a step (the workbench's patience), so that a step that fails says which it was.
 * @returns `test` whose failure comes with a picture and the extension's log; the session is there when a story is told. */
export function storiesOf(session: () => Session): (name: string, tell: (t: TestContext) => Promise<void>) => void {
  return (name, tell) =>
    void test(name, { timeout: 150_000 }, async (t) => {
      try {
        await tell(t);
      } catch (error) {
        t.diagnostic(await session().explain(name));
        throw error;
      }
    });
}
