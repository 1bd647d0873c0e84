// Commands that build: from the explorer, the editor, the palette, and the code lenses of a Dockerfile.
import * as vscode from 'vscode';
import type { BuildOutcome } from '../../runtime/protocol/build.ts';
import { suggestTag } from '../build/definition.ts';
import { findDockerfiles, type Tasks } from '../build/tasks.ts';
import { emptyRunOptions } from '../run/options.ts';
import { runImage } from '../run/run_image.ts';
import type { Terminals } from '../terminals/terminals.ts';
import type { Handler } from './app.ts';

const rememberedTags = 'slipway.tags';

export function buildCommands(tasks: Tasks, terminals: Terminals): Readonly<Record<string, Handler>> {
  /** Asks for the tag, offering what this Dockerfile was tagged last. */
  const build = async (memory: vscode.Memento, file: vscode.Uri): Promise<BuildOutcome | undefined> => {
    const tags = memory.get<Record<string, string>>(rememberedTags, {});
    const tag = await vscode.window.showInputBox({
      title: vscode.l10n.t('Name and tag of the image'),
      value: tags[file.fsPath] ?? suggestTag(file.fsPath),
      ignoreFocusOut: true,
    });
    if (tag === undefined || tag === '') return undefined;
    await memory.update(rememberedTags, { ...tags, [file.fsPath]: tag });
    return await tasks.build(file, { tag });
  };

  return {
    'slipway.image.build': async (app, first) => {
      const file = await dockerfileOf(first);
      if (file !== undefined) await build(app.context.workspaceState, file);
    },

    'slipway.image.buildAndRun': async (app, first) => {
      const file = await dockerfileOf(first);
      const outcome = file === undefined ? undefined : await build(app.context.workspaceState, file);
      const image = outcome?.References[0] ?? outcome?.Images[0]?.Id;
      if (image !== undefined) await runImage(app, terminals, emptyRunOptions(image));
    },

    'slipway.image.buildStage': async (_app, first) => {
      const { file, target } = stageOf(first);
      await tasks.build(file, { target, tag: stageTag(file, target) });
    },

    'slipway.image.runStage': async (app, first) => {
      const { file, target } = stageOf(first);
      const outcome = await tasks.build(file, { target, tag: stageTag(file, target) });
      const image = outcome?.References[0] ?? outcome?.Images[0]?.Id;
      const options = { interactive: true, removeOnExit: true };
      if (image !== undefined) await runImage(app, terminals, { ...emptyRunOptions(image), ...options });
    },
  };
}

/** What the language server's code lenses pass: the document's URI and the stage's name or number. */
function stageOf(argument: unknown): { file: vscode.Uri; target: string } {
  if (typeof argument === 'object' && argument !== null && 'uri' in argument && 'target' in argument) {
    return { file: vscode.Uri.parse(String(argument.uri)), target: String(argument.target) };
  }
  throw new Error(vscode.l10n.t('This command is run from the lens above a FROM instruction.'));
}

function stageTag(file: vscode.Uri, stage: string): string {
  return suggestTag(file.fsPath).replace(/:latest$/, `:${stage.toLowerCase()}`);
}

/** The file that was clicked, named (by the language server, as a URI string) or open; otherwise one of the workspace's. */
async function dockerfileOf(first: unknown): Promise<vscode.Uri | undefined> {
  if (first instanceof vscode.Uri) return first;
  if (typeof first === 'string') return vscode.Uri.parse(first);
  const active = vscode.window.activeTextEditor?.document;
  if (active?.languageId === 'dockerfile' && active.uri.scheme === 'file') return active.uri;
  const dockerfiles = await findDockerfiles();
  if (dockerfiles.length === 0) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('There is no Dockerfile in this workspace. “Add Dockerfile to Workspace…” writes one.'),
    );
    return undefined;
  }
  if (dockerfiles.length === 1) return dockerfiles[0];
  const items = dockerfiles.map((file) => ({ label: vscode.workspace.asRelativePath(file), file }));
  return (await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Build which Dockerfile?') }))?.file;
}
