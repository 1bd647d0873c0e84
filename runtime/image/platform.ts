// Platforms as OCI writes them (image-index.md, "platform") and Docker's text form `os/architecture/variant`.

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
}

const architectureNames: Readonly<Record<string, string>> = {
  x64: 'amd64',
  x86_64: 'amd64',
  'x86-64': 'amd64',
  ia32: '386',
  i386: '386',
  i686: '386',
  aarch64: 'arm64',
  armhf: 'arm',
  armel: 'arm',
};

function normalise(platform: Platform): Platform {
  const written = platform.architecture.toLowerCase();
  const architecture = architectureNames[written] ?? written;
  const implied = written === 'armhf' ? 'v7' : written === 'armel' ? 'v6' : undefined;
  let variant = platform.variant?.toLowerCase() || implied;
  if (architecture === 'arm64' && (variant === 'v8' || variant === '8')) variant = undefined;
  if (architecture === 'arm' && variant === undefined) variant = 'v7';
  if (architecture === 'arm' && variant !== undefined && /^\d/.test(variant)) variant = `v${variant}`;
  if (architecture === 'amd64' && variant === 'v1') variant = undefined;
  return { os: platform.os.toLowerCase(), architecture, ...(variant === undefined ? {} : { variant }) };
}

/** The platform of this machine's kernel. */
export function hostPlatform(): Platform {
  return normalise({ os: 'linux', architecture: process.arch });
}

/** `linux/amd64`, `linux/arm/v7`, or only `arm64` (then linux). Throws an Error for anything else. */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  if (parts.length > 3 || parts.some((part) => !/^[A-Za-z0-9_.-]+$/.test(part)))
    throw new Error(`"${text}" is not a platform: expected os/architecture[/variant], such as linux/amd64`);
  const [first = '', second, third] = parts;
  if (second === undefined) {
    if (first === 'linux') return hostPlatform();
    return normalise({ os: 'linux', architecture: first });
  }
  return normalise({ os: first, architecture: second, ...(third === undefined ? {} : { variant: third }) });
}

export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, ...(platform.variant ? [platform.variant] : [])].join('/');
}

/** How well `offered` serves `wanted`: 0 not at all, larger is better. Older ARM variants run on newer ones. */
export function platformScore(wanted: Platform, offered: Platform): number {
  const want = normalise(wanted);
  const offer = normalise(offered);
  if (want.os !== offer.os) return 0;
  if (want.architecture !== offer.architecture)
    return want.architecture === 'amd64' && offer.architecture === '386' ? 1 : 0;
  if (want.variant === offer.variant) return 100;
  if (want.architecture === 'arm') {
    const difference = variantNumber(want) - variantNumber(offer);
    return difference > 0 ? 90 - difference : 0;
  }
  if (want.architecture === 'amd64') {
    const difference = Math.max(variantNumber(want), 1) - Math.max(variantNumber(offer), 1);
    return difference > 0 ? 90 - difference : 0;
  }
  return offer.variant === undefined || want.variant === undefined ? 50 : 0;
}

function variantNumber(platform: Platform): number {
  return Number.parseInt(platform.variant?.replace(/^v/, '') ?? '0', 10) || 0;
}

/** The best of several offers, or undefined where none fits. Ties go to the first, as registries list the preferred one first. */
export function selectPlatform<T>(
  wanted: Platform,
  offers: readonly T[],
  platformOf: (offer: T) => Platform | undefined,
): T | undefined {
  let best: T | undefined;
  let bestScore = 0;
  for (const offer of offers) {
    const platform = platformOf(offer);
    const score = platform === undefined ? 0 : platformScore(wanted, platform);
    if (score > bestScore) [best, bestScore] = [offer, score];
  }
  return best;
}
