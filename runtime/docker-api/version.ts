// Which versions of the API are spoken.

const maximum = 51;
const minimum = 24;
export const apiVersion = `1.${maximum}`;
export const minimumApiVersion = `1.${minimum}`;

/** The minor version of a path like /v1.43/…; the newest where none is named. Undefined stands for one that is not spoken. */
export function negotiate(path: string): { version: number; path: string } | { problem: string } {
  const match = path.match(/^\/v(\d+)\.(\d+)(\/.*)$/);
  if (match === null) return { version: maximum, path };
  const [, major = '', minor = '', rest = '/'] = match;
  const number = Number(major) * 1000 + Number(minor);
  if (number > 1000 + maximum) {
    return { problem: `client version ${major}.${minor} is too new. Maximum supported API version is ${apiVersion}` };
  }
  if (number < 1000 + minimum) {
    return {
      problem: `client version ${major}.${minor} is too old. Minimum supported API version is ${minimumApiVersion}, please upgrade your client to a newer version`,
    };
  }
  return { version: Number(minor), path: rest };
}
