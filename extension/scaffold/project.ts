// Finds out what kind of project a folder holds, from the files that its build tool would look for. No vscode in here.

export type Platform = 'node' | 'python' | 'go' | 'java' | 'dotnet' | 'rust' | 'cpp' | 'php' | 'ruby';

export interface Project {
  platform: Platform;
  /** What distinguishes projects of the platform: npm, pnpm, yarn; pip, poetry, uv; maven, gradle; … */
  tool: string;
  /** The program or file that starts it, relative to the folder; a name for compiled programs. */
  entry: string;
  /** The TCP port that it most likely listens on; undefined for command-line programs. */
  port?: number;
  /** The platform's version if the project pins one, as `22` or `3.13`. */
  version?: string;
}

/** What detection may ask of a folder: the text of a file, or undefined if it isn't there; and its top-level names. */
export interface Folder {
  name: string;
  names(): Promise<readonly string[]>;
  read(path: string): Promise<string | undefined>;
}

type Detector = (folder: Folder, names: ReadonlySet<string>) => Promise<Project | undefined>;

/** Every platform that the folder looks like, the most specific first. */
export async function detectProjects(folder: Folder): Promise<Project[]> {
  const names = new Set(await folder.names());
  const found = await Promise.all(detectors.map((detect) => detect(folder, names)));
  return found.filter((project) => project !== undefined);
}

/** What is assumed when a person chooses a platform that the folder shows no trace of. */
export function defaultProject(platform: Platform, folderName: string): Project {
  const name = programName(folderName);
  const defaults: Record<Platform, Project> = {
    node: { platform, tool: 'npm', entry: 'index.js', port: 3000 },
    python: { platform, tool: 'pip', entry: 'main.py', port: 8000 },
    go: { platform, tool: 'go', entry: name, port: 8080 },
    java: { platform, tool: 'maven', entry: `${name}.jar`, port: 8080 },
    dotnet: { platform, tool: 'dotnet', entry: name, port: 8080 },
    rust: { platform, tool: 'cargo', entry: name, port: 8080 },
    cpp: { platform, tool: 'cmake', entry: name },
    php: { platform, tool: 'composer', entry: 'public', port: 8080 },
    ruby: { platform, tool: 'bundler', entry: 'app.rb', port: 3000 },
  };
  return defaults[platform];
}

const detectors: readonly Detector[] = [node, dotnet, java, go, rust, python, php, ruby, cpp];

async function node(folder: Folder, names: ReadonlySet<string>): Promise<Project | undefined> {
  const text = names.has('package.json') ? await folder.read('package.json') : undefined;
  if (text === undefined) return undefined;
  const manifest = parseObject(text);
  const scripts = objectField(manifest, 'scripts');
  const tool = names.has('pnpm-lock.yaml') ? 'pnpm' : names.has('yarn.lock') ? 'yarn' : 'npm';
  const engine = stringField(objectField(manifest, 'engines'), 'node')?.match(/\d+/)?.[0];
  return {
    platform: 'node',
    tool: stringField(scripts, 'build') === undefined ? tool : `${tool}+build`,
    entry: stringField(scripts, 'start') === undefined ? (stringField(manifest, 'main') ?? 'index.js') : 'start',
    port: 3000,
    ...(engine === undefined ? {} : { version: engine }),
  };
}

async function python(folder: Folder, names: ReadonlySet<string>): Promise<Project | undefined> {
  const tools: [string, string][] = [
    ['uv.lock', 'uv'],
    ['poetry.lock', 'poetry'],
    ['requirements.txt', 'pip'],
    ['pyproject.toml', 'pyproject'],
    ['manage.py', 'none'],
  ];
  const tool = tools.find(([file]) => names.has(file))?.[1];
  if (tool === undefined) return undefined;
  const version = (await folder.read('.python-version'))?.trim().match(/^3\.\d+/)?.[0];
  const entry = ['manage.py', 'main.py', 'app.py', 'server.py'].find((name) => names.has(name)) ?? 'main.py';
  return { platform: 'python', tool, entry, port: 8000, ...(version === undefined ? {} : { version }) };
}

async function go(folder: Folder, names: ReadonlySet<string>): Promise<Project | undefined> {
  const text = names.has('go.mod') ? await folder.read('go.mod') : undefined;
  if (text === undefined) return undefined;
  const moduleName = text
    .match(/^module\s+(\S+)/m)?.[1]
    ?.split('/')
    .findLast((part) => !/^v\d+$/.test(part));
  const version = text.match(/^go\s+(\d+\.\d+)/m)?.[1];
  return {
    platform: 'go',
    tool: 'go',
    entry: programName(moduleName ?? folder.name),
    port: 8080,
    ...(version === undefined ? {} : { version }),
  };
}

async function rust(folder: Folder, names: ReadonlySet<string>): Promise<Project | undefined> {
  const text = names.has('Cargo.toml') ? await folder.read('Cargo.toml') : undefined;
  if (text === undefined) return undefined;
  const name = text.match(/^\[package\][^[]*?^name\s*=\s*"([^"]+)"/ms)?.[1];
  return { platform: 'rust', tool: 'cargo', entry: name ?? programName(folder.name), port: 8080 };
}

async function java(folder: Folder, names: ReadonlySet<string>): Promise<Project | undefined> {
  const gradle = ['build.gradle', 'build.gradle.kts'].find((name) => names.has(name));
  if (!names.has('pom.xml') && gradle === undefined) return undefined;
  const text = (await folder.read(gradle ?? 'pom.xml')) ?? '';
  const version = text
    .match(/(?:maven\.compiler\.release|java\.version)>\s*(\d+)|languageVersion.*?of\((\d+)\)/)
    ?.slice(1)
    .find(Boolean);
  return {
    platform: 'java',
    tool: gradle === undefined ? 'maven' : 'gradle',
    entry: 'app.jar',
    port: 8080,
    ...(version === undefined ? {} : { version }),
  };
}

async function dotnet(folder: Folder, names: ReadonlySet<string>): Promise<Project | undefined> {
  const file = [...names].find((name) => /\.(cs|fs|vb)proj$/.test(name));
  if (file === undefined) return undefined;
  const version = (await folder.read(file))?.match(/<TargetFramework>net(\d+\.\d+)/)?.[1];
  return {
    platform: 'dotnet',
    tool: file,
    entry: file.replace(/\.\w+proj$/, ''),
    port: 8080,
    ...(version === undefined ? {} : { version }),
  };
}

async function php(_folder: Folder, names: ReadonlySet<string>): Promise<Project | undefined> {
  if (!names.has('composer.json') && !names.has('index.php')) return undefined;
  const tool = names.has('composer.json') ? 'composer' : 'none';
  return { platform: 'php', tool, entry: names.has('public') ? 'public' : '.', port: 8080 };
}

async function ruby(folder: Folder, names: ReadonlySet<string>): Promise<Project | undefined> {
  if (!names.has('Gemfile')) return undefined;
  const version = (await folder.read('.ruby-version'))?.match(/\d+\.\d+/)?.[0];
  return {
    platform: 'ruby',
    tool: 'bundler',
    entry: names.has('config.ru') ? 'config.ru' : 'app.rb',
    port: names.has('config.ru') ? 9292 : 3000,
    ...(version === undefined ? {} : { version }),
  };
}

async function cpp(folder: Folder, names: ReadonlySet<string>): Promise<Project | undefined> {
  if (names.has('CMakeLists.txt')) {
    const target = (await folder.read('CMakeLists.txt'))?.match(/add_executable\s*\(\s*([\w.-]+)/)?.[1];
    return { platform: 'cpp', tool: 'cmake', entry: target ?? programName(folder.name) };
  }
  const hasSources = [...names].some((name) => /\.(c|cc|cpp|cxx)$/.test(name));
  return names.has('Makefile') && hasSources
    ? { platform: 'cpp', tool: 'make', entry: programName(folder.name) }
    : undefined;
}

function programName(text: string): string {
  return (
    text
      .toLowerCase()
      .replace(/[^a-z0-9_.-]+/g, '-')
      .replace(/^[-.]+|[-.]+$/g, '') || 'app'
  );
}

function parseObject(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a manifest being edited: nothing is known of it
  }
}

function objectField(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function stringField(value: unknown, key: string): string | undefined {
  const field = objectField(value, key);
  return typeof field === 'string' ? field : undefined;
}
