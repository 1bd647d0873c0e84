// The cgroup v2 side of slipway-oci, in a machine that has nothing else: one boot, every guest test in it.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { otherTests } from './life_tests.ts';
import { limitTests } from './limit_tests.ts';
import { type GuestResult, runInMachine, whyNoMachine } from './machine.ts';

const tests = [...limitTests, ...otherTests];
const reason = whyNoMachine();

describe('cgroup v2 in a virtual machine', { skip: reason ?? false }, () => {
  let results = new Map<string, GuestResult>();
  let console: string[] = [];

  before(async () => {
    ({ results, console } = await runInMachine(tests));
  });

  for (const each of tests) {
    test(each.title, () => {
      const result = results.get(each.name);
      assert.ok(result !== undefined, `the machine did not come to it; it said last: ${console.slice(-15).join('\n')}`);
      each.check(result);
    });
  }
});
