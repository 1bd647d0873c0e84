// Security modules: a machine with AppArmor and one with SELinux, each booted once with a policy made here.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { appArmorPolicy, appArmorTests, seLinuxPolicy, seLinuxTests, whyNoPolicies } from './label_tests.ts';
import { type GuestResult, runInMachine, whyNoMachine } from './machine.ts';

const modules = [
  { name: 'AppArmor', append: 'apparmor=1 security=apparmor', tests: appArmorTests, policy: appArmorPolicy },
  { name: 'SELinux', append: 'selinux=1 security=selinux', tests: seLinuxTests, policy: seLinuxPolicy },
];

for (const { name, append, tests, policy } of modules)
  describe(`${name} in a virtual machine`, { skip: whyNoMachine() ?? whyNoPolicies() ?? false }, () => {
    let results = new Map<string, GuestResult>();
    let console: string[] = [];

    before(async () => {
      ({ results, console } = await runInMachine(tests, { append, files: { '/guest/policy': policy() } }));
    });

    for (const each of tests) {
      test(each.title, () => {
        const result = results.get(each.name);
        assert.ok(
          result !== undefined,
          `the machine did not come to it; it said last: ${console.slice(-15).join('\n')}`,
        );
        each.check(result);
      });
    }
  });
