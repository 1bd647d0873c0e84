// The tasks `slipway-build` and `slipway-run`: one for each Dockerfile of the workspace, and whatever tasks.json says.
import * as vscode from 'vscode';
import type { BuildOutcome } from '../../runtime/protocol/build.ts';
import type { App } from '../commands/app.ts';
import { quoteForShell } from '../run/options.ts';
import { BuildTerminal } from './build_terminal.ts';
import { type BuildDefinition, buildRequest, suggestTag } from './definition.ts';

const dockerfileGlob = '**/{Dockerfile,Dockerfile.*,*.dockerfile,Containerfile,Containerfile.*}';
const ignoredGlob = '**/{node_modules,.git}/**';

/**
 * The workspace's, as many as a person can choose from. Containers and volumes that are browsed in the workspace are left out:
 * nobody searches those for the editor, and it would wait for that for ever.
 */
export async function findDockerfiles(): Promise<vscode.Uri[]> {
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  const found = await Promise.all(
    folders.map((folder) =>
      vscode.workspace.findFiles(new vscode.RelativePattern(folder, dockerfileGlob), ignoredGlob, 50),
    ),
  );
  return found.flat().filter((file) => !file.path.endsWith('.dockerignore'));
}

/** Builds as tasks, so that they show in the terminal panel, can be run again, and be others' prerequisites. */
export class Tasks implements vscode.Disposable {
  readonly #app: App;
  readonly #problems = vscode.languages.createDiagnosticCollection('slipway-build');
  readonly #subscriptions: vscode.Disposable[];

  constructor(app: App) {
    this.#app = app;
    this.#subscriptions = [
      this.#problems,
      vscode.tasks.registerTaskProvider('slipway-build', {
        provideTasks: () => this.#detect(),
        resolveTask: (task) => this.#resolveBuild(task),
      }),
      vscode.tasks.registerTaskProvider('slipway-run', {
        provideTasks: () => [],
        resolveTask: (task) => this.#resolveRun(task),
      }),
    ];
  }

  /** Builds and waits for the end; `undefined` when it failed, was called off, or a person decided against it. */
  async build(
    dockerfile: vscode.Uri,
    definition: Omit<BuildDefinition, 'dockerfile'>,
  ): Promise<BuildOutcome | undefined> {
    const folder = vscode.workspace.getWorkspaceFolder(dockerfile);
    const outcome = Promise.withResolvers<BuildOutcome | undefined>();
    const whole = { dockerfile: dockerfile.fsPath, ...definition };
    const name = definition.tag ?? dockerfile.fsPath;
    const task = this.#buildTask(whole, folder ?? vscode.TaskScope.Workspace, name, outcome.resolve);
    // In a workspace that is not trusted the editor itself asks before it runs a task.
    await vscode.tasks.executeTask(task);
    return await outcome.promise;
  }

  async #detect(): Promise<vscode.Task[]> {
    return (await findDockerfiles()).flatMap((file) => {
      const folder = vscode.workspace.getWorkspaceFolder(file);
      if (folder === undefined) return [];
      const dockerfile = vscode.workspace.asRelativePath(file, false);
      return [this.#buildTask({ dockerfile, tag: suggestTag(file.fsPath) }, folder, dockerfile)];
    });
  }

  #resolveBuild(task: vscode.Task): vscode.Task | undefined {
    const definition = readBuildDefinition(task.definition);
    if (definition === undefined || task.scope === undefined) return undefined;
    return this.#buildTask(definition, task.scope, task.name, undefined, task.definition);
  }

  #buildTask(
    definition: BuildDefinition,
    scope: vscode.WorkspaceFolder | vscode.TaskScope,
    name: string,
    done: (outcome: BuildOutcome | undefined) => void = () => undefined,
    original: vscode.TaskDefinition = { type: 'slipway-build', ...definition },
  ): vscode.Task {
    const folder = typeof scope === 'object' ? scope.uri.fsPath : '/';
    const execution = new vscode.CustomExecution(
      async () => new BuildTerminal(this.#app.engine, buildRequest(definition, folder), this.#problems, done),
    );
    const task = new vscode.Task(original, scope, name, 'slipway: build', execution, []);
    task.group = vscode.TaskGroup.Build;
    return task;
  }

  #resolveRun(task: vscode.Task): vscode.Task | undefined {
    const { image, arguments: flags, command } = task.definition;
    if (typeof image !== 'string' || task.scope === undefined) return undefined;
    const words = [...stringList(flags), image, ...stringList(command)];
    const program = this.#app.context.asAbsolutePath('dist/bin/slipway');
    const line = [program, 'run', ...words].map(quoteForShell).join(' ');
    const execution = new vscode.ShellExecution(line, { env: { SLIPWAY_NODE: process.execPath } });
    return new vscode.Task(task.definition, task.scope, task.name, 'slipway: run', execution, []);
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions).dispose();
  }
}

function readBuildDefinition(from: vscode.TaskDefinition): BuildDefinition | undefined {
  const { dockerfile, context, tag, target, platform, buildArgs } = from;
  if (typeof dockerfile !== 'string') return undefined;
  const isMap = typeof buildArgs === 'object' && buildArgs !== null;
  return {
    dockerfile,
    ...(typeof context === 'string' ? { context } : {}),
    ...(typeof tag === 'string' ? { tag } : {}),
    ...(typeof target === 'string' ? { target } : {}),
    ...(typeof platform === 'string' ? { platform } : {}),
    ...(isMap
      ? { buildArgs: Object.fromEntries(Object.entries(buildArgs).map(([key, value]) => [key, String(value)])) }
      : {}),
  };
}

function stringList(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
