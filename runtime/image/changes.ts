// `--change` of import and commit: single Dockerfile instructions applied to an image's config.
import { parseDockerfile } from '../dockerfile/document.ts';
import { healthcheck } from '../dockerfile/healthcheck.ts';
import { EngineError } from '../protocol/errors.ts';
import type { ContainerDefaults } from './config.ts';

type Mutable = { -readonly [K in keyof ContainerDefaults]: ContainerDefaults[K] };

/** Splits words with Dockerfile quoting: `A="b c" D=e`. */
function words(text: string): string[] {
  const found: string[] = [];
  let word = '';
  let quote = '';
  let inWord = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    if (char === '\\' && quote !== "'" && i + 1 < text.length) {
      word += text[++i];
      inWord = true;
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      inWord = true;
    } else if (/\s/.test(char)) {
      if (inWord) found.push(word);
      [word, inWord] = ['', false];
    } else {
      word += char;
      inWord = true;
    }
  }
  if (inWord) found.push(word);
  return found;
}

/** `["a", "b"]`, or a shell line. */
function command(text: string, shell: readonly string[] | undefined): string[] {
  if (text.startsWith('[')) {
    try {
      const value: unknown = JSON.parse(text);
      if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) return value;
    } catch {
      // not JSON: a shell line that begins with a bracket, as Docker takes it
    }
  }
  return [...(shell ?? ['/bin/sh', '-c']), text];
}

function pairs(text: string, keyword: string): [string, string][] {
  const list = words(text);
  const legacy = /^(\S+)\s+(.*)$/.exec(text);
  if (!list[0]?.includes('=') && legacy !== null) return [[legacy[1] ?? '', legacy[2] ?? '']];
  return list.map((word) => {
    const equals = word.indexOf('=');
    if (equals <= 0)
      throw new EngineError('InvalidArgument', `cannot apply the change "${keyword} ${text}": expected name=value`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

function setEnvironment(env: readonly string[], changes: readonly [string, string][]): string[] {
  const result = [...env];
  for (const [name, value] of changes) {
    const at = result.findIndex((entry) => entry.startsWith(`${name}=`));
    if (at < 0) result.push(`${name}=${value}`);
    else result[at] = `${name}=${value}`;
  }
  return result;
}

const asSet = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, {}]));

const appliers: Readonly<Record<string, (config: Mutable, argument: string) => void>> = {
  CMD: (config, text) => {
    config.Cmd = command(text, config.Shell);
  },
  ENTRYPOINT: (config, text) => {
    config.Entrypoint = command(text, config.Shell);
  },
  ENV: (config, text) => {
    config.Env = setEnvironment(config.Env ?? [], pairs(text, 'ENV'));
  },
  EXPOSE: (config, text) => {
    const ports = words(text).map((port) => (port.includes('/') ? port : `${port}/tcp`));
    if (!ports.every((port) => /^\d+(-\d+)?\/(tcp|udp|sctp)$/.test(port)))
      throw new EngineError('InvalidArgument', `cannot apply the change "EXPOSE ${text}": not a port`);
    config.ExposedPorts = { ...config.ExposedPorts, ...asSet(ports) };
  },
  HEALTHCHECK: (config, text) => {
    const instruction = parseDockerfile(`HEALTHCHECK ${text}`).instructions[0];
    if (instruction?.keyword !== 'HEALTHCHECK' || (instruction.command === undefined && !/^NONE$/i.test(text)))
      throw new EngineError('InvalidArgument', `cannot apply the change "HEALTHCHECK ${text}": expected CMD or NONE`);
    config.Healthcheck = healthcheck(instruction);
  },
  LABEL: (config, text) => {
    config.Labels = { ...config.Labels, ...Object.fromEntries(pairs(text, 'LABEL')) };
  },
  ONBUILD: (config, text) => {
    config.OnBuild = [...(config.OnBuild ?? []), text];
  },
  STOPSIGNAL: (config, text) => {
    config.StopSignal = text;
  },
  USER: (config, text) => {
    config.User = words(text)[0] ?? '';
  },
  VOLUME: (config, text) => {
    const paths = text.startsWith('[') ? command(text, []) : words(text);
    config.Volumes = { ...config.Volumes, ...asSet(paths) };
  },
  WORKDIR: (config, text) => {
    const path = words(text)[0] ?? '/';
    config.WorkingDir = path.startsWith('/') ? path : `${config.WorkingDir ?? ''}/${path}`.replace(/\/+/g, '/');
  },
};

/** Throws InvalidArgument for other instructions and malformed ones. */
export function applyChanges(defaults: ContainerDefaults, changes: readonly string[]): ContainerDefaults {
  const config: Mutable = { ...defaults };
  for (const change of changes) {
    const match = /^\s*([A-Za-z]+)\s+(.+?)\s*$/s.exec(change);
    const apply = match === null ? undefined : appliers[(match[1] ?? '').toUpperCase()];
    if (match === null || apply === undefined)
      throw new EngineError(
        'InvalidArgument',
        `cannot apply the change "${change}": known are ${Object.keys(appliers).join(', ')}`,
      );
    apply(config, match[2] ?? '');
  }
  return config;
}
