// The command "Add Dockerfile to Workspace…": detects the project, asks only what it can't know, writes two files.
import * as vscode from 'vscode';
import { scaffold } from './dockerfile.ts';
import { defaultProject, detectProjects, type Folder, type Platform, type Project } from './project.ts';

const platformNames: Record<Platform, string> = {
  node: 'Node.js',
  python: 'Python',
  go: 'Go',
  java: 'Java',
  dotnet: '.NET',
  rust: 'Rust',
  cpp: 'C++',
  php: 'PHP',
  ruby: 'Ruby',
};

/** @param target the folder that was clicked in the explorer; the workspace's only folder, or the one chosen, without it. */
export async function addDockerfile(target?: vscode.Uri): Promise<void> {
  const folder = target ?? (await chooseFolder());
  if (folder === undefined) return;
  if (!(await exists(folder))) {
    const message = vscode.l10n.t('Cannot add a Dockerfile: the folder {0} is not there any more.', folder.fsPath);
    void vscode.window.showErrorMessage(message);
    return;
  }
  const project = await chooseProject(folder);
  if (project === undefined) return;

  const files = scaffold(project);
  const dockerfile = vscode.Uri.joinPath(folder, 'Dockerfile');
  const ignore = vscode.Uri.joinPath(folder, '.dockerignore');
  if (!(await mayReplace(dockerfile))) return;
  const encoder = new TextEncoder();
  await vscode.workspace.fs.writeFile(dockerfile, encoder.encode(files.dockerfile));
  // An existing .dockerignore is the person's own: it is left as it is.
  if (!(await exists(ignore))) await vscode.workspace.fs.writeFile(ignore, encoder.encode(files.dockerignore));
  await vscode.window.showTextDocument(dockerfile);
}

async function chooseFolder(): Promise<vscode.Uri | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) {
    void vscode.window.showErrorMessage(
      vscode.l10n.t('Cannot add a Dockerfile: no folder is open. Open the folder of your application first.'),
    );
    return undefined;
  }
  if (folders.length === 1) return folders[0]?.uri;
  return (await vscode.window.showWorkspaceFolderPick())?.uri;
}

async function chooseProject(folder: vscode.Uri): Promise<Project | undefined> {
  const detected = await detectProjects(folderOf(folder));
  if (detected.length === 1) return detected[0];
  const name = folder.path.slice(folder.path.lastIndexOf('/') + 1);
  const found = new Set(detected.map((project) => project.platform));
  const others = (Object.keys(platformNames) as Platform[])
    .filter((platform) => !found.has(platform))
    .map((platform) => defaultProject(platform, name));
  const items = [...detected, ...others].map((project) => ({
    label: platformNames[project.platform],
    description: found.has(project.platform) ? vscode.l10n.t('found in this folder') : '',
    project,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('What is the application written in?'),
  });
  return chosen?.project;
}

async function mayReplace(file: vscode.Uri): Promise<boolean> {
  if (!(await exists(file))) return true;
  const replace = vscode.l10n.t('Replace');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('The folder has a Dockerfile already. Replace it?'),
    { modal: true, detail: file.fsPath },
    replace,
  );
  return answer === replace;
}

async function exists(file: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(file);
    return true;
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return false;
    throw error;
  }
}

function folderOf(uri: vscode.Uri): Folder {
  return {
    name: uri.path.slice(uri.path.lastIndexOf('/') + 1),
    names: async () => (await vscode.workspace.fs.readDirectory(uri)).map(([name]) => name),
    read: async (path) => {
      const file = vscode.Uri.joinPath(uri, path);
      return (await exists(file)) ? new TextDecoder().decode(await vscode.workspace.fs.readFile(file)) : undefined;
    },
  };
}
