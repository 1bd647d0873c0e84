// Both ways into the suite: `run`, as @vscode/test-electron calls it, and `activate`, as an extension that is installed beside ours.
import { renameSync, writeFileSync } from 'node:fs';
import { reportVariable } from './report.ts';
import { runSuite } from './suite.ts';

export async function run(): Promise<void> {
  const outcomes = await runSuite();
  const report = process.env[reportVariable];
  if (report === undefined) throw new Error(`${reportVariable} names no file`);
  writeFileSync(`${report}.part`, JSON.stringify(outcomes));
  renameSync(`${report}.part`, report);
}

export function activate(): void {
  void run();
}
