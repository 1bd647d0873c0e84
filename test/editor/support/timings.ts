// When something stands on the screen, by the page's own clock, which is the machine's.
import type { Workbench } from './workbench.ts';

/** Resolves with the time (milliseconds since 1970) at which a row of the sidebar holds the text, looked for with every frame. */
export async function rowShown(bench: Workbench, text: string): Promise<number> {
  return await bench.page.evaluate(async (wanted) => {
    const isShown = () =>
      [...document.querySelectorAll('.sidebar .monaco-list-row')].some((row) => row.textContent?.includes(wanted));
    while (!isShown()) await new Promise(requestAnimationFrame);
    return performance.timeOrigin + performance.now();
  }, text);
}

/** Milliseconds from the click on Slipway's icon until the row stands. */
export async function clickToShown(bench: Workbench, row: string): Promise<number> {
  await bench.openSidebar('Explorer');
  // The editor takes two clicks on the same icon within 300 ms for one.
  await bench.page.waitForTimeout(400);
  const clicked = bench.page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const told = () => resolve(performance.timeOrigin + performance.now());
        document.addEventListener('mousedown', told, { capture: true, once: true });
      }),
  );
  await bench.page
    .locator('.activitybar')
    .getByRole('tab', { name: /^Slipway/ })
    .click();
  return (await rowShown(bench, row)) - (await clicked);
}
