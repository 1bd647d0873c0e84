// Page objects: a person's view of the workbench in headless Chromium. Everything waits for what it expects to see.
import { on } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Browser, chromium, type FrameLocator, type Locator, type Page } from 'playwright-core';

/** How long what should show may take, in milliseconds: a machine that does much else at once is slow, not wrong. */
const patience = 45_000;

const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where screenshots of a run are left; not under version control. */
const screenshotFolder = join(import.meta.dirname, '../output');

export class Workbench {
  readonly page: Page;
  readonly #browser: Browser;

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.page = page;
  }

  /** Opens the workbench that will answer at `url` and waits until its activity bar stands. The browser starts meanwhile. */
  static async open(server: Promise<string>): Promise<Workbench> {
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: chromiumFlags });
    try {
      const url = await server;
      const context = await browser.newContext({
        viewport: { width: 1280, height: 860 },
        permissions: ['clipboard-read', 'clipboard-write'],
      });
      const page = await context.newPage();
      page.setDefaultTimeout(patience);
      // What counts is the workbench: the page's last resource may come later.
      await page.goto(url, { timeout: patience, waitUntil: 'domcontentloaded' });
      await page.locator('.activitybar').waitFor({ timeout: patience });
      return new Workbench(browser, page);
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  /** One more window of the same browser, in another language: the editor's own words stay English, ours don't. */
  async another(language: string): Promise<Workbench> {
    const page = await this.page.context().newPage();
    page.setDefaultTimeout(patience);
    await page.addInitScript((name) => Object.assign(globalThis, { _VSCODE_NLS_LANGUAGE: name }), language);
    await page.goto(this.page.url());
    await page.locator('.activitybar').waitFor();
    return new Workbench(this.#browser, page);
  }

  /** Shows the view container with this title. */
  async openSidebar(title: string): Promise<void> {
    const tab = this.page.locator('.activitybar').getByRole('tab', { name: new RegExp(`^${title}`) });
    // A window that has just opened gets the icons of extensions some time after its own.
    await tab.waitFor({ timeout: patience });
    const heading = this.page.locator('.sidebar .composite.title').getByText(title, { exact: false }).first();
    if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
    // While extensions bring theirs, the bar draws its icons anew: what was pressed is another icon when it is let go.
    await heading.waitFor({ timeout: 5000 }).catch(() => tab.click());
    await heading.waitFor();
  }

  /** One view of the sidebar by its title; expands it where it is folded. */
  async view(title: string): Promise<View> {
    const header = this.page.locator('.pane-header').filter({ hasText: title }).first();
    await header.waitFor();
    if ((await header.getAttribute('aria-expanded')) === 'false') await header.click();
    return new View(this, this.page.locator('.pane').filter({ has: header }), title);
  }

  /** Runs a command from the palette by its title, as a person types it. */
  async runCommand(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    await this.page.locator('.quick-input-widget input.input').fill(`>${title}`);
    await this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title }).first().click();
  }

  /** Answers the input box or the pick that is open: types the text and accepts it. */
  async answer(text: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input.input');
    await input.waitFor();
    await input.fill(text);
    await this.page.keyboard.press('Enter');
  }

  /** Answers the input box of this title, once it is that one that is open. */
  async answerAsked(title: string, text: string): Promise<void> {
    const widget = this.page.locator('.quick-input-widget').filter({ hasText: title });
    await widget.waitFor();
    await widget.locator('input.input').fill(text);
    await this.page.keyboard.press('Enter');
  }

  /** Chooses a file in the editor's own dialog, or names a folder or a file that isn't there yet. */
  async choosePath(path: string): Promise<void> {
    const widget = this.page.locator('.quick-input-widget');
    const input = widget.locator('input.input');
    await input.waitFor();
    // The dialog fills the box with the folder that it starts in, some time after it has opened.
    await widget.locator('.monaco-list-row').first().waitFor();
    if (existsSync(path) && statSync(path).isFile()) {
      await input.fill(`${dirname(path)}/`);
      await widget
        .locator('.monaco-list-row')
        .filter({ hasText: basename(path) })
        .first()
        .click();
      return;
    }
    await input.fill(path);
    await widget.locator('.quick-input-action .monaco-button').first().click();
  }

  /** Waits until the file is there and holds the text. */
  async fileAppears(path: string, text = ''): Promise<void> {
    const isThere = () => existsSync(path) && statSync(path).size > 0 && readFileSync(path, 'latin1').includes(text);
    const watcher = watch(dirname(path));
    try {
      const changes = on(watcher, 'change');
      if (isThere()) return;
      for await (const _change of changes) if (isThere()) return;
    } finally {
      watcher.close();
    }
  }

  /** Ticks rows of the open pick of several, and accepts. */
  async tick(...labels: readonly string[]): Promise<void> {
    for (const label of labels)
      await this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: label }).first().click();
    await this.page.keyboard.press('Enter');
  }

  /** The clipboard's text, once it is the one that is expected. */
  async clipboard(expected: string): Promise<string> {
    const holds = (text: string) => navigator.clipboard.readText().then((now) => now === text);
    for (let frames = 0; frames < 600 && !(await this.page.evaluate(holds, expected)); frames += 1)
      await this.page.evaluate(() => new Promise(requestAnimationFrame));
    return await this.page.evaluate(() => navigator.clipboard.readText());
  }

  /** Types a line into the terminal in front. */
  async typeInTerminal(line: string): Promise<void> {
    await this.page.locator('.terminal-wrapper.active .xterm-screen').click();
    await this.page.keyboard.type(`${line}\n`);
  }

  /** Clicks a code lens, the n-th of its name from above. */
  async lens(name: string, index: number): Promise<void> {
    await this.page.locator('.codelens-decoration a').filter({ hasText: name }).nth(index).click();
  }

  async clearNotifications(): Promise<void> {
    await this.runCommand('Notifications: Clear All Notifications');
    await this.page.locator('.notification-list-item').first().waitFor({ state: 'detached' });
  }

  /** Chooses a row of the open quick pick. */
  async pick(label: string): Promise<void> {
    await this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: label }).first().click();
  }

  /** Presses a button of the modal dialog. */
  async dialog(button: string): Promise<void> {
    await this.page.locator('.monaco-dialog-box').getByRole('button', { name: button, exact: true }).click();
  }

  /** Opens a file of the workspace by its name. */
  async openFile(name: string): Promise<void> {
    await this.page.keyboard.press('Control+P');
    await this.page.locator('.quick-input-widget input.input').fill(name);
    await this.pick(name);
    await this.page.locator('.part.editor .tab.active').filter({ hasText: name }).waitFor();
  }

  /** Right-clicks a file in the explorer and chooses the entry. */
  async explorerMenu(file: string, entry: string): Promise<void> {
    await this.page.keyboard.press('Control+Shift+E');
    const row = this.page.locator('.explorer-folders-view .monaco-list-row').filter({ hasText: file }).first();
    await this.chooseFromMenu(row, entry);
  }

  /** Right-clicks and chooses; an entry's name goes on with its key, if it has one. */
  async chooseFromMenu(target: Locator, entry: string): Promise<void> {
    await target.click({ button: 'right' });
    const exact = new RegExp(`^${entry.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![ a-z…])`);
    // A menu that has just opened takes no clicks yet, but keys.
    await this.page.locator('.monaco-menu .action-item').filter({ hasText: exact }).first().hover();
    await this.page.keyboard.press('Enter');
    await this.page.locator('.monaco-menu').waitFor({ state: 'detached' });
  }

  /** What the terminal in front shows. */
  terminal(text: string | RegExp): Locator {
    return this.page.locator('.terminal-wrapper.active .xterm-rows').filter({ hasText: text });
  }

  /** A row of the open quick pick. */
  quickPick(text: string): Locator {
    return this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first();
  }

  /** The text of the editor in front, once it holds `text`. */
  editor(text: string | RegExp): Locator {
    return this.page.locator('.part.editor .view-lines').filter({ hasText: text }).first();
  }

  /** The extension's own page in the editor in front. */
  webview(): FrameLocator {
    return this.page.frameLocator('iframe.webview').first().frameLocator('#active-frame');
  }

  async closeEditors(): Promise<void> {
    await this.runCommand('View: Close All Editors');
    await this.page.locator('.part.editor .tab').first().waitFor({ state: 'detached' });
  }

  /** The notification that contains the text. */
  notification(text: string | RegExp): Locator {
    return this.page.locator('.notification-list-item').filter({ hasText: text });
  }

  /** Writes a picture of the window, or of a part, for a person to look at. */
  async screenshot(name: string, part: Page | Locator = this.page): Promise<void> {
    mkdirSync(screenshotFolder, { recursive: true });
    await part.screenshot({ path: join(screenshotFolder, `${name}.png`) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

export class View {
  readonly #workbench: Workbench;
  readonly #title: string;
  readonly pane: Locator;

  constructor(workbench: Workbench, pane: Locator, title: string) {
    this.#workbench = workbench;
    this.#title = title;
    this.pane = pane;
  }

  /** The row whose accessible name contains the text. */
  row(text: string | RegExp): Locator {
    return this.pane.getByRole('treeitem').filter({ hasText: text }).first();
  }

  /** Right-clicks the row and chooses the entry. */
  async contextMenu(row: string | RegExp, entry: string): Promise<void> {
    await this.#workbench.chooseFromMenu(this.row(row), entry);
  }

  /** Unfolds the row. */
  async unfold(row: string | RegExp): Promise<void> {
    const target = this.row(row);
    await target.waitFor();
    if ((await target.getAttribute('aria-expanded')) !== 'true') await target.locator('.monaco-tl-twistie').click();
  }

  /** Clicks an inline button of the row. */
  async inlineButton(row: string | RegExp, name: string): Promise<void> {
    await this.row(row).hover();
    await this.row(row).getByRole('button', { name }).click();
  }

  /** Clicks a button in the view's own title. */
  async titleButton(name: string): Promise<void> {
    await this.pane.hover();
    await this.pane.locator('.pane-header').getByRole('button', { name }).click();
  }

  /** A link of the welcome content that stands where the view has no rows. */
  welcome(text: string): Locator {
    return this.pane.locator('.welcome-view-content').getByText(text);
  }

  toString(): string {
    return this.#title;
  }
}
