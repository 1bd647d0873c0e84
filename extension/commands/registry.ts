// Commands on registries. The engine keeps credentials in Docker's config.json or its helper; the editor's secret storage keeps
// a copy, so that logging in again needs no typing.
import * as vscode from 'vscode';
import { type RegistriesView, RegistryRow } from '../views/registries_view.ts';
import { confirmRemoval, type Handler, withProgress } from './app.ts';
import { pullImage } from './image_transfer.ts';

interface StoredLogin {
  username: string;
  password: string;
}

export function registryCommands(view: RegistriesView): Readonly<Record<string, Handler>> {
  return {
    'slipway.registry.login': async (app) => {
      const Server = await vscode.window.showInputBox({
        title: vscode.l10n.t('Registry'),
        value: 'docker.io',
        ignoreFocusOut: true,
      });
      if (Server === undefined || Server === '') return;
      const key = `slipway.registry.${Server}`;
      const stored = await readLogin(app.context.secrets, key);
      const Username = await vscode.window.showInputBox({
        title: vscode.l10n.t('User name at {0}', Server),
        value: stored?.username ?? '',
        ignoreFocusOut: true,
      });
      if (Username === undefined || Username === '') return;
      const Password = await vscode.window.showInputBox({
        title: vscode.l10n.t('Password or token of {0} at {1}', Username, Server),
        value: stored?.username === Username ? stored.password : '',
        password: true,
        ignoreFocusOut: true,
      });
      if (Password === undefined || Password === '') return;
      const { Warning } = await withProgress(vscode.l10n.t('Logging in to {0}', Server), async (_report, signal) => {
        const client = await app.engine.client();
        return await client.call('registry.login', { Server, Username, Password }, { signal });
      });
      await app.context.secrets.store(key, JSON.stringify({ username: Username, password: Password }));
      if (Warning !== undefined) app.log.warn(Warning);
      view.refresh();
    },

    'slipway.registry.logout': async (app, first) => {
      if (!(first instanceof RegistryRow)) return;
      const client = await app.engine.client();
      await client.call('registry.logout', { Server: first.reference });
      await app.context.secrets.delete(`slipway.registry.${first.reference}`);
      view.refresh();
    },

    'slipway.registry.pull': async (app, first) => {
      if (first instanceof RegistryRow) await pullImage(app, first.reference);
    },

    'slipway.registry.copyReference': async (_app, first) => {
      if (first instanceof RegistryRow) await vscode.env.clipboard.writeText(first.reference);
    },

    'slipway.registry.deleteTag': async (app, first) => {
      if (!(first instanceof RegistryRow)) return;
      const question = vscode.l10n.t('Delete the tag, and with it every tag of the same image?');
      if (!(await confirmRemoval(question, [first.reference], vscode.l10n.t('Delete')))) return;
      const client = await app.engine.client();
      await client.call('registry.deleteTag', { Reference: first.reference });
      view.refresh();
    },

    'slipway.registry.refresh': async () => view.refresh(),
  };
}

async function readLogin(secrets: vscode.SecretStorage, key: string): Promise<StoredLogin | undefined> {
  const text = await secrets.get(key);
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null && 'username' in value && 'password' in value
    ? { username: String(value.username), password: String(value.password) }
    : undefined;
}
