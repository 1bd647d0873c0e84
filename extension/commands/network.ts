// Commands on networks.
import * as vscode from 'vscode';
import type { Params } from '../../runtime/protocol/methods.ts';
import type { Documents } from '../documents.ts';
import { containerName } from '../views/grouping.ts';
import { confirmRemoval, forEach, type Handler, target, targets } from './app.ts';

export function networkCommands(documents: Documents): Readonly<Record<string, Handler>> {
  return {
    'slipway.network.create': async (app) => {
      const request = await askNetwork();
      if (request === undefined) return;
      const client = await app.engine.client();
      const { Warning } = await client.call('network.create', request);
      if (Warning !== '') void vscode.window.showWarningMessage(Warning);
    },

    'slipway.network.connect': async (app, first) => {
      const network = await target(app, 'network', first, { question: vscode.l10n.t('Connect to which network?') });
      if (network === undefined) return;
      const containers = app.records
        .all('container')
        .filter((container) => container.NetworkSettings.Networks[network.Name] === undefined);
      const items = containers.map((container) => ({
        label: containerName(container),
        description: container.Image,
        container,
      }));
      const chosen = await vscode.window.showQuickPick(items, {
        title: vscode.l10n.t('Connect which containers to {0}?', network.Name),
        canPickMany: true,
      });
      if (chosen === undefined || chosen.length === 0) return;
      await forEach(
        app,
        'container',
        chosen.map(({ container }) => container),
        vscode.l10n.t('connecting…'),
        (client, { Id }) => client.call('network.connect', { Network: network.Id, Container: Id }),
      );
    },

    'slipway.network.disconnect': async (app, first) => {
      const network = await target(app, 'network', first, {
        question: vscode.l10n.t('Disconnect from which network?'),
      });
      if (network === undefined) return;
      const containers = app.records
        .all('container')
        .filter((container) => container.NetworkSettings.Networks[network.Name] !== undefined);
      const items = containers.map((container) => ({
        label: containerName(container),
        description: container.Image,
        container,
      }));
      const chosen = await vscode.window.showQuickPick(items, {
        title: vscode.l10n.t('Disconnect which containers from {0}?', network.Name),
        canPickMany: true,
      });
      if (chosen === undefined || chosen.length === 0) return;
      await forEach(
        app,
        'container',
        chosen.map(({ container }) => container),
        vscode.l10n.t('disconnecting…'),
        (client, { Id }) => client.call('network.disconnect', { Network: network.Id, Container: Id }),
      );
    },

    'slipway.network.inspect': async (app, first, all) => {
      const networks = await targets(app, 'network', first, all, { question: vscode.l10n.t('Inspect which network?') });
      const client = await app.engine.client();
      for (const { Id, Name } of networks) {
        await documents.showJson(Name, await client.call('network.inspect', { Network: Id }));
      }
    },

    'slipway.network.remove': async (app, first, all) => {
      const networks = await targets(app, 'network', first, all, { question: vscode.l10n.t('Remove which network?') });
      if (networks.length === 0) return;
      const question = vscode.l10n.t('Remove {0} networks?', networks.length);
      if (
        !(await confirmRemoval(
          question,
          networks.map(({ Name }) => Name),
          vscode.l10n.t('Remove'),
        ))
      )
        return;
      await forEach(app, 'network', networks, vscode.l10n.t('removing…'), (client, { Id }) =>
        client.call('network.remove', { Network: Id }),
      );
    },

    'slipway.network.prune': async (app) => {
      const client = await app.engine.client();
      const unused = await client.call('network.list', { Filters: { dangling: ['true'] } });
      if (unused.length === 0) {
        void vscode.window.showInformationMessage(vscode.l10n.t('Every network is in use.'));
        return;
      }
      const question = vscode.l10n.t('Remove {0} networks that no container uses?', unused.length);
      if (
        !(await confirmRemoval(
          question,
          unused.map(({ Name }) => Name),
          vscode.l10n.t('Remove'),
        ))
      )
        return;
      await client.call('network.prune', {});
    },
  };
}

/** Asks for a network's name, driver, subnet and whether it leads outside. */
async function askNetwork(): Promise<Params<'network.create'> | undefined> {
  const Name = await vscode.window.showInputBox({ title: vscode.l10n.t('Name of the new network') });
  if (Name === undefined || Name === '') return undefined;
  const drivers = [
    { label: 'bridge', description: vscode.l10n.t('a network of this machine, behind its addresses') },
    {
      label: 'macvlan',
      description: vscode.l10n.t('containers stand beside the machine, with hardware addresses of their own'),
    },
    { label: 'ipvlan', description: vscode.l10n.t('containers stand beside the machine, with its hardware address') },
  ];
  const driver = await vscode.window.showQuickPick(drivers, { title: vscode.l10n.t('Driver') });
  if (driver === undefined) return undefined;
  const Subnet = await vscode.window.showInputBox({
    title: vscode.l10n.t('Subnet'),
    placeHolder: vscode.l10n.t('Empty: Slipway chooses one; for example 172.30.0.0/16'),
  });
  if (Subnet === undefined) return undefined;
  let Options = {};
  if (driver.label !== 'bridge') {
    const parent = await vscode.window.showInputBox({
      title: vscode.l10n.t('Interface of the machine'),
      value: 'eth0',
    });
    if (parent === undefined) return undefined;
    Options = { parent };
  }
  const isolated = { label: vscode.l10n.t('No: containers reach only each other'), internal: true };
  const open = { label: vscode.l10n.t('Yes'), internal: false };
  const outside = await vscode.window.showQuickPick([open, isolated], {
    title: vscode.l10n.t('May its containers reach other networks?'),
  });
  if (outside === undefined) return undefined;
  return {
    Name,
    Driver: driver.label,
    Internal: outside.internal,
    Options,
    ...(Subnet === '' ? {} : { IPAM: { Config: [{ Subnet }] } }),
  };
}
