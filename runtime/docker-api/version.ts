// Which versions of the API are spoken.

const maximum = 51;
export const apiVersion = `1.${maximum}`;

/**
 * The oldest version that is spoken: 1.40, or what DOCKER_MIN_API_VERSION says, as for dockerd. Clients that hold to an older one
 * than 1.40 get the answers of 1.40.
 * @throws Error for a value that is no version between 1.24 and the newest
 */
export function minimumApiVersion(wanted = process.env['DOCKER_MIN_API_VERSION'] || '1.40'): string {
  const minor = Number(/^1\.(\d+)$/.exec(wanted)?.[1]);
  if (minor >= 24 && minor <= maximum) return wanted;
  throw new Error(`DOCKER_MIN_API_VERSION: '${wanted}' is no version from 1.24 to ${apiVersion}`);
}

const numberOf = (version: string): number => {
  const [major, minor] = version.split('.').map(Number);
  return (major ?? 0) * 1000 + (minor ?? 0);
};

/** The minor version of a path like /v1.43/…; the newest where none is named. Undefined stands for one that is not spoken. */
export function negotiate(path: string): { version: number; path: string } | { problem: string } {
  const match = path.match(/^\/v(\d+)\.(\d+)(\/.*)$/);
  if (match === null) return { version: maximum, path };
  const [, major = '', minor = '', rest = '/'] = match;
  const number = numberOf(`${major}.${minor}`);
  if (number > numberOf(apiVersion)) {
    return { problem: `client version ${major}.${minor} is too new. Maximum supported API version is ${apiVersion}` };
  }
  const minimum = minimumApiVersion();
  if (number < numberOf(minimum)) {
    return {
      problem: `client version ${major}.${minor} is too old. Minimum supported API version is ${minimum}, please upgrade your client to a newer version`,
    };
  }
  return { version: Number(minor), path: rest };
}
