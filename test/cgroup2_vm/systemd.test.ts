// The systemd driver, in a machine whose first process is systemd: one boot, every guest test in it.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type GuestResult, runInMachine, whyNoMachine } from './machine.ts';
import { whyNoSystemd } from './systemd_files.ts';
import { systemdTests } from './systemd_tests.ts';

describe('systemd in a virtual machine', { skip: whyNoMachine() ?? whyNoSystemd() ?? false }, () => {
  let results = new Map<string, GuestResult>();
  let console: string[] = [];

  before(async () => {
    ({ results, console } = await runInMachine(systemdTests, { first: 'systemd' }));
  });

  for (const each of systemdTests) {
    test(each.title, () => {
      const result = results.get(each.name);
      assert.ok(result !== undefined, `the machine did not come to it; it said last: ${console.slice(-40).join('\n')}`);
      each.check(result);
    });
  }
});
