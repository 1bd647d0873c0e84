// `slipway lint` from outside: formats, exit status, configuration, standard input.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Static, type TProperties, Type } from 'typebox';
import { Value } from 'typebox/value';
import { lintCommand } from '../../language-server/lint/cli.ts';

let directory = '';

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'slipway-lint-'));
  writeFileSync(join(directory, 'Dockerfile'), 'FROM debian\nCOPY present /x\nCOPY missing /x\nCOPY secret.txt /x\n');
  writeFileSync(join(directory, 'clean.dockerfile'), 'FROM debian:12\nCMD ["true"]\n');
  writeFileSync(join(directory, 'present'), '');
  writeFileSync(join(directory, 'secret.txt'), '');
  writeFileSync(join(directory, '.dockerignore'), '*.txt\n');
});

after(() => rmSync(directory, { recursive: true, force: true }));

interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function lint(args: readonly string[], input = '', environment: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  let out = '';
  let err = '';
  const status = await lintCommand(args, {
    stdin: (async function* () {
      yield Buffer.from(input);
    })(),
    stdout: (text) => {
      out += text;
    },
    stderr: (text) => {
      err += text;
    },
    cwd: directory,
    environment: { HOME: directory, PATH: process.env.PATH, ...environment },
  });
  return { status, out, err };
}

test('text: one line for each finding with its place, and status 1', async () => {
  const { status, out } = await lint(['Dockerfile']);
  assert.equal(status, 1);
  assert.match(out, /^Dockerfile:1:6 warning: .* \[DL3006\]$/m);
  assert.match(out, /^Dockerfile:3:6 error: missing is not in the build context \[SL1101\]$/m);
  assert.match(
    out,
    /^Dockerfile:4:6 warning: Attempting to Copy file "secret.txt" that is excluded by .dockerignore \[CopyIgnoredFile\]$/m,
  );
  assert.ok(!out.includes('Dockerfile:2:'));
});

test('a clean file says nothing and has status 0', async () => {
  assert.deepEqual(await lint(['clean.dockerfile']), { status: 0, out: '', err: '' });
});

test('json has places, levels and both codes', async () => {
  const { out } = await lint(['-f', 'json', '-'], 'FROM debian:12\nCMD node x\n');
  const [entry, ...more] = JSON.parse(out);
  assert.deepEqual(more, []);
  assert.equal(entry.file, '-');
  assert.deepEqual([entry.line, entry.column, entry.endLine, entry.endColumn], [2, 1, 2, 4]);
  assert.deepEqual([entry.code, entry.aliases, entry.level], ['JSONArgsRecommended', ['DL3025'], 'warning']);
});

test('sarif names the rules that it uses, and counts columns from 1', async () => {
  const { out } = await lint(['--format=sarif', '-'], 'FROM debian\n');
  const log = JSON.parse(out);
  assert.equal(log.version, '2.1.0');
  const [run] = log.runs;
  assert.deepEqual(
    run.tool.driver.rules.map((rule: { id: string }) => rule.id),
    ['DL3006'],
  );
  assert.deepEqual(run.results[0].locations[0].physicalLocation.region, {
    startLine: 1,
    startColumn: 6,
    endLine: 1,
    endColumn: 12,
  });
});

/** The parts of the SARIF 2.1.0 schema that we write, as strict as it is; what we do not write is not there. */
const text = Type.Object({ text: Type.String({ minLength: 1 }) }, { additionalProperties: false });
const level = Type.Union(['none', 'note', 'warning', 'error'].map((word) => Type.Literal(word)));
const position = Type.Integer({ minimum: 1 });
const strict = <T extends TProperties>(properties: T) => Type.Object(properties, { additionalProperties: false });
const rule = strict({
  id: Type.String({ minLength: 1 }),
  shortDescription: text,
  fullDescription: text,
  helpUri: Type.String({ format: 'uri' }),
  defaultConfiguration: strict({ level }),
});
const region = strict({ startLine: position, startColumn: position, endLine: position, endColumn: position });
const location = strict({
  physicalLocation: strict({ artifactLocation: strict({ uri: Type.String({ format: 'uri-reference' }) }), region }),
});
const result = strict({
  ruleId: Type.String({ minLength: 1 }),
  level,
  message: text,
  locations: Type.Array(location, { minItems: 1 }),
  properties: Type.Optional(strict({ aliases: Type.Array(Type.String()) })),
});
const sarif = strict({
  version: Type.Literal('2.1.0'),
  $schema: Type.String({ format: 'uri' }),
  runs: Type.Array(
    strict({
      tool: strict({ driver: strict({ name: Type.String(), rules: Type.Array(rule, { uniqueItems: true }) }) }),
      columnKind: Type.Union([Type.Literal('utf16CodeUnits'), Type.Literal('unicodeCodePoints')]),
      results: Type.Array(result),
    }),
  ),
});

test('sarif and checkstyle are well formed for several files, odd names and every severity', async () => {
  const odd = join(directory, 'odd #1 & "2".dockerfile');
  writeFileSync(odd, 'FROM debian as B\nRUN cd "é😀" && sudo x\nRUN pip install <b>\nNOPE\nCMD a\n');
  const names = ['Dockerfile', 'odd #1 & "2".dockerfile', 'clean.dockerfile'];
  const log: unknown = JSON.parse((await lint(['-f', 'sarif', ...names])).out);
  assert.deepEqual([...Value.Errors(sarif, log)], []);
  const places = (log as Static<typeof sarif>).runs[0]?.results.flatMap(({ locations }) => locations) ?? [];
  assert.ok(
    places.some((place) => place.physicalLocation.artifactLocation.uri === 'odd%20%231%20%26%20%222%22.dockerfile'),
  );
  const { out } = await lint(['-f', 'checkstyle', ...names]);
  const error =
    /^ {4}<error line="[1-9]\d*" column="[1-9]\d*" severity="(error|warning|info)" message="[^<>"]*" source="[\w.]+"\/>$/;
  const lines = out.trimEnd().split('\n');
  assert.deepEqual(lines.slice(0, 2), ['<?xml version="1.0" encoding="UTF-8"?>', '<checkstyle version="4.3">']);
  assert.equal(lines.filter((line) => /^ {2}<file name="[^<>"]*">$/.test(line)).length, names.length);
  const others = lines
    .slice(2)
    .filter((line) => !error.test(line) && !/^ {2}(<file name="[^<>"]*">|<\/file>)$/.test(line));
  assert.deepEqual(others, ['</checkstyle>']);
});

test('checkstyle escapes what XML does not allow', async () => {
  const { out } = await lint(['-f', 'checkstyle', '-'], 'FROM debian:12\nCOPY "<a>&b" x\n');
  assert.match(out, /^<\?xml version="1.0" encoding="UTF-8"\?>/);
  assert.match(out, /<error line="2" column="14" severity="warning" message="[^<>]*" source="DL3045"\/>/);
});

test('github escapes the properties of its commands', async () => {
  const { out } = await lint(['-f', 'github', '-'], 'FROM debian\n');
  assert.equal(
    out,
    '::warning file=-,line=1,endLine=1,col=6,endColumn=12,title=DL3006::Always tag the version of an image explicitly\n',
  );
});

test('the threshold decides the status, from the option, the environment or the configuration', async () => {
  const input = 'FROM debian\n';
  assert.equal((await lint(['-'], input)).status, 1);
  assert.equal((await lint(['-t', 'error', '-'], input)).status, 0);
  assert.equal((await lint(['--no-fail', '-'], input)).status, 0);
  assert.equal((await lint(['-'], input, { HADOLINT_FAILURE_THRESHOLD: 'error' })).status, 0);
  const config = join(directory, 'config.yaml');
  writeFileSync(config, 'failure-threshold: error\n');
  assert.equal((await lint(['-c', config, '-'], input)).status, 0);
  writeFileSync(config, 'no-fail: true\n');
  assert.equal((await lint(['-c', config, '-'], input)).status, 0);
});

test("Hadolint's options for labels, pragmas, registries and paths, and their variables", async () => {
  const input = '# hadolint ignore=DL3006\nFROM debian\nLABEL version="x" other="y"\n';
  const said = async (args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<string> => {
    const { out, err } = await lint([...args, '--no-color', '--no-shellcheck', '-'], input, environment);
    return err + [...out.matchAll(/\[(\w+)\]/g)].map((match) => match[1]).join(' ');
  };
  const cases: readonly [string[], string, NodeJS.ProcessEnv?][] = [
    [[], ''],
    [['--disable-ignore-pragma'], 'DL3006'],
    [[], 'DL3006', { HADOLINT_DISABLE_IGNORE_PRAGMA: '1' }],
    [['--require-label', 'version:semver'], 'DL3056'],
    [['--require-label', 'author:text', '--strict-labels'], 'DL3049 DL3050 DL3050'],
    [[], 'DL3056', { HADOLINT_REQUIRE_LABELS: 'version:semver,other:text', HADOLINT_STRICT_LABELS: 'true' }],
    [['--trusted-registry', 'ghcr.io'], 'DL3026'],
    [['--trusted-registry', 'ghcr.io', '--trusted-registry=docker.io'], ''],
    [[], 'DL3026', { HADOLINT_TRUSTED_REGISTRIES: 'ghcr.io' }],
  ];
  for (const [args, wanted, environment] of cases) assert.equal(await said(args, environment), wanted, args.join(' '));
  assert.match(await said(['--require-label', 'version']), /cannot require the label version: write NAME:TYPE/);
  const named = await lint(['--file-path-in-report', 'src/Dockerfile', '-f', 'tty', '-'], 'FROM debian\n');
  assert.match(named.out, /^src\/Dockerfile:1 DL3006/);
});

test('.hadolint.yaml: ignored, override, registries and labels', async () => {
  const project = join(directory, 'project');
  mkdirSync(project);
  writeFileSync(
    join(project, '.hadolint.yaml'),
    'ignored: [DL3006]\noverride:\n  info: [DL3066]\n  error: [DL3020]\ntrustedRegistries: "*.example.com"\nlabel-schema:\n  version: semver\nstrict-labels: true\n',
  );
  writeFileSync(join(project, 'Dockerfile'), 'FROM debian\nLABEL version="x" other="y"\n');
  const { out, status } = await lint(['project/Dockerfile']);
  assert.equal(status, 1);
  assert.deepEqual(
    out.match(/\[\w+\]/g),
    ['[DL3026]', '[DL3050]', '[DL3056]'].sort((a, b) => out.indexOf(a) - out.indexOf(b)),
  );
});

test('the configuration of the home directory counts where no project has one', async () => {
  const home = mkdtempSync(join(tmpdir(), 'slipway-home-'));
  try {
    mkdirSync(join(home, 'xdg'));
    writeFileSync(join(home, 'xdg', 'hadolint.yaml'), 'ignored:\n  - DL3006\n');
    const { out } = await lint(['-'], 'FROM debian\n', { HOME: home, XDG_CONFIG_HOME: join(home, 'xdg') });
    assert.equal(out, '');
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

test("severities by option, and BuildKit's options by environment", async () => {
  const input = 'FROM debian AS Base\n';
  assert.match((await lint(['--error', 'DL3006', '-'], input)).out, /error: .*\[DL3006\]/);
  assert.ok(!(await lint(['--ignore', 'DL3006', '-'], input)).out.includes('DL3006'));
  assert.ok(
    !(await lint(['-'], input, { BUILDKIT_DOCKERFILE_CHECK: 'skip=StageNameCasing' })).out.includes('StageNameCasing'),
  );
  assert.match(
    (await lint(['-'], input, { BUILDKIT_DOCKERFILE_CHECK: 'error=true' })).out,
    /error: .*\[StageNameCasing\]/,
  );
});

test('what cannot be done says so and has status 2', async () => {
  const unreadable = await lint(['nowhere/Dockerfile']);
  assert.equal(unreadable.status, 2);
  assert.match(unreadable.err, /cannot read nowhere\/Dockerfile/);
  assert.match((await lint([])).err, /no file is named/);
  assert.equal((await lint(['--format', 'xml', 'Dockerfile'])).status, 2);
  assert.equal((await lint(['--unknown', 'Dockerfile'])).status, 2);
  const broken = join(directory, 'broken.yaml');
  writeFileSync(broken, 'failure-threshold: loud\n');
  const refused = await lint(['-c', broken, 'Dockerfile']);
  assert.equal(refused.status, 2);
  assert.match(refused.err, /failure-threshold must be one of/);
  assert.match((await lint(['--help'])).out, /^Usage: slipway lint/);
});

test('a syntax error of the Dockerfile is a finding', async () => {
  const { status, out } = await lint(['-'], 'FROM debian:12\nNOPE x\n');
  assert.equal(status, 1);
  assert.match(out, /^-:2:1 error: .*\[syntax\]$/m);
});

test("Hadolint's other formats name its codes and count lines from 1", async () => {
  const input = 'FROM debian:12\nCMD node "x"\n';
  const message = 'JSON arguments recommended for CMD to prevent unintended behavior related to OS signals';
  const write = async (format: string): Promise<string> => (await lint(['-f', format, '-'], input)).out;
  assert.equal(await write('tty'), `-:2 DL3025 warning: ${message}\n`);
  assert.equal(await write('gnu'), `hadolint:-:2: DL3025 warning: ${message}\n`);
  assert.deepEqual(JSON.parse(await write('codacy')), { filename: '-', patternId: 'DL3025', message, line: 2 });
  const climate = await write('codeclimate');
  assert.ok(climate.endsWith('\0'));
  const issue = JSON.parse(climate.slice(0, -1));
  assert.deepEqual([issue.check_name, issue.severity], ['DL3025', 'major']);
  assert.deepEqual(issue.location, { path: '-', lines: { begin: 2, end: 2 } });
  const [gitlab] = JSON.parse(await write('gitlab_codeclimate'));
  assert.match(gitlab.fingerprint, /^[0-9a-f]{40}$/);
  assert.deepEqual({ ...gitlab, fingerprint: undefined }, { ...issue, fingerprint: undefined });
  const { issues } = JSON.parse(await write('sonarqube'));
  assert.deepEqual(issues[0].primaryLocation.textRange, { startLine: 2, endLine: 2, startColumn: 0, endColumn: 3 });
});

test('the format may come from the environment or the configuration; the command line wins', async () => {
  const config = join(directory, 'format.yaml');
  writeFileSync(config, 'format: codacy\n');
  assert.match((await lint(['-c', config, '-'], 'FROM debian\n')).out, /"patternId":"DL3006"/);
  assert.match((await lint(['-c', config, '-f', 'gnu', '-'], 'FROM debian\n')).out, /^hadolint:/);
  assert.match((await lint(['-'], 'FROM debian\n', { HADOLINT_FORMAT: 'tty' })).out, /^-:1 DL3006/);
});
