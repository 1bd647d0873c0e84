// The suite of test/extension_host in code-server's extension host: no way in for tests there, so it comes as an extension.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageSuite } from '../extension_host/bundle.ts';
import { type Outcome, reportVariable } from '../extension_host/report.ts';
import { Session, whyNotHere } from './support/session.ts';

test('the extension in an extension host', { skip: whyNotHere() ?? false, timeout: 240_000 }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-suite-'));
  try {
    const report = join(directory, 'report.json');
    const suite = await packageSuite(directory);
    await using session = await Session.start('172.29.86.1/24', undefined, undefined, {
      extensions: [suite],
      env: { [reportVariable]: report },
    });
    await session.workbench.fileAppears(report);
    const outcomes: Outcome[] = JSON.parse(readFileSync(report, 'utf8'));
    assert.ok(outcomes.length > 5);
    for (const { name, error } of outcomes) await t.test(name, () => assert.equal(error, undefined, error));
  } finally {
    rmSync(directory, { recursive: true });
  }
});
