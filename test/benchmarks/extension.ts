// The extension in a real editor: its activation, an event's way to its row, and a click on its icon with a thousand containers.
//   node test/benchmarks/extension.ts [ROUNDS]
import { Session, whyNotHere } from '../editor/support/session.ts';
import { clickToShown, rowShown } from '../editor/support/timings.ts';
import { importBusybox } from '../support/slipway.ts';
import { compare } from './support/compare.ts';

const rounds = Number(process.argv[2] ?? 10);

async function measure(): Promise<void> {
  await using session = await Session.start('172.29.84.1/24');
  const bench = session.workbench;
  await bench.openSidebar('Slipway');
  const containers = await bench.view('Containers');
  await containers.welcome('No containers yet').waitFor();
  const engine = await session.client();
  await importBusybox(engine, session.directory);
  const create = async (Name: string) =>
    (await engine.call('container.create', { Name, Config: { Image: 'busybox' }, HostConfig: { NetworkMode: 'none' } }))
      .Id;

  const id = await create('buoy');
  await containers.row('buoy').waitFor();
  let renamed = 0;
  const eventToRow = async (): Promise<number> => {
    // The editor itself holds back a second change of a tree within 200 ms.
    await bench.page.waitForTimeout(300);
    renamed += 1;
    const name = `buoy-${renamed}`;
    const told = Promise.withResolvers<number>();
    await using _events = await engine.subscribe({ Filters: { event: ['rename'] } }, () => told.resolve(Date.now()));
    const shown = rowShown(bench, name);
    await engine.call('container.rename', { Container: id, Name: name });
    return (await shown) - (await told.promise);
  };
  await compare({ title: 'an event reaches its row', rounds, peers: [{ name: 'slipway', run: eventToRow }] });

  for (let number = 0; number < 1000; number += 20)
    await Promise.all(Array.from({ length: 20 }, (_, index) => create(`pier-${number + index}`)));
  await bench.runCommand('Slipway: Sort By…');
  await bench.pick('name');
  await containers.row('buoy-').waitFor();
  const click = () => clickToShown(bench, 'buoy-');
  await compare({ title: '1,000 containers, click to shown', rounds, peers: [{ name: 'slipway', run: click }] });

  /** As the editor itself measures it: loading the bundle's code and `activate`. */
  const activation = async (): Promise<number> => {
    await bench.page.reload();
    await bench.openSidebar('Slipway');
    await containers.row('buoy-').waitFor();
    await bench.runCommand('Developer: Show Running Extensions');
    const row = bench.page
      .locator('.runtime-extensions-editor .monaco-list-row')
      .filter({ hasText: 'slipway' })
      .first();
    await row.locator('.activation-time').filter({ hasText: 'ms' }).waitFor();
    const text = (await row.locator('.activation-time').textContent()) ?? '';
    return Number(/(\d+)\s*ms/.exec(text)?.[1]);
  };
  await compare({ title: 'activation', rounds: 3, peers: [{ name: 'slipway', run: activation }] });
}

const why = whyNotHere();
if (why === undefined) await measure();
else console.log(`left out: ${why}`);
