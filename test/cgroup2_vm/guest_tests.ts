// What a test in the machine is: bundles and a script for the guest, and what its output must be.
import assert from 'node:assert/strict';
import { type OciConfig, ociConfig } from '../support/oci_bundle.ts';
import type { GuestResult, GuestScript } from './machine.ts';

export interface GuestTest extends GuestScript {
  title: string;
  check(result: GuestResult): void;
}

// A container with these limits, in the cgroup /NAME.
export function limited(name: string, resources: Record<string, unknown>, args = ['sleep', '1000']): OciConfig {
  const config = ociConfig(args, '/rootfs');
  config.linux.cgroupsPath = `/${name}`;
  config.linux.resources = { devices: [{ allow: false, access: 'rwm' }], ...resources };
  return config;
}

// Lines "name=value" of the output, among what else the console says.
export function values(result: GuestResult): Map<string, string> {
  const lines = result.output.filter((line) => line.includes('='));
  const pairs = lines.map((line): [string, string] => {
    const equals = line.indexOf('=');
    return [line.slice(0, equals), line.slice(equals + 1)];
  });
  return new Map(pairs);
}

export function succeeded(result: GuestResult): void {
  assert.equal(result.code, 0, result.output.join('\n'));
}

// A configuration that must be refused with a sentence that contains these words, and leave no cgroup behind.
export function refused(name: string, resources: Record<string, unknown>, words: RegExp): GuestTest {
  return {
    name,
    title: `refuses ${words.source.replaceAll('\\', '')}`,
    bundles: { [name]: limited(name, resources) },
    script: `oci run -b /bundles/${name} ${name}; echo "code=$?"; ls -d /sys/fs/cgroup/${name} /run/slipway-oci/${name} 2>/dev/null`,
    check(result) {
      assert.match(result.output.join('\n'), words);
      assert.match(result.output.at(-1) ?? '', /^code=[1-9]/, result.output.join('\n'));
    },
  };
}
