// A container's log in an output channel: it follows, can be searched and filtered there, and saved with the editor's own commands.
import * as vscode from 'vscode';
import type { ContainerSummary } from '../runtime/protocol/container_views.ts';
import { type Frame, FrameDecoder } from '../runtime/protocol/framing.ts';
import { isCancelled } from './activity.ts';
import type { App } from './commands/app.ts';
import { containerName } from './views/grouping.ts';

interface OpenLog {
  channel: vscode.OutputChannel;
  abort: AbortController;
}

const open = new Map<string, OpenLog>();

/** Shows the log from its last lines on and follows it until the container is gone or another look is taken. */
export async function showLogs(app: App, container: ContainerSummary): Promise<void> {
  const earlier = open.get(container.Id);
  earlier?.abort.abort();
  const channel = earlier?.channel ?? vscode.window.createOutputChannel(`Slipway: ${containerName(container)}`, 'log');
  const abort = new AbortController();
  open.set(container.Id, { channel, abort });
  if (earlier === undefined) app.context.subscriptions.push(channel, { dispose: () => abort.abort() });
  channel.clear();
  channel.show(true);

  const client = await app.engine.client();
  const { Config } = await client.call('container.inspect', { Container: container.Id });
  const settings = vscode.workspace.getConfiguration('slipway.logs');
  const since = settings.get('since', '').trim();
  const { socket, outcome } = await client.stream(
    'container.logs',
    {
      Container: container.Id,
      Stdout: true,
      Stderr: true,
      Follow: true,
      Tail: settings.get('tail', '1000'),
      ...(since === '' ? {} : { Since: since }),
    },
    { signal: abort.signal },
  );
  const decoder = new TextDecoder();
  const write = (bytes: Buffer): void => channel.append(withoutControls(decoder.decode(bytes, { stream: true })));
  if (Config.Tty === true) socket.on('data', write);
  else socket.pipe(new FrameDecoder()).on('data', ({ bytes }: Frame) => write(bytes));
  outcome.catch((error: unknown) => {
    if (!isCancelled(error)) channel.appendLine(`[${vscode.l10n.t('the log broke off')}: ${String(error)}]`);
  });
}

/** An output channel shows no colours: what would set them goes. */
function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with a control character
  return text.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '').replaceAll('\r\n', '\n');
}
