// Where the engine's own programs are: beside the bundle, or in dist/ when running from the sources.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

function find(name: string): string {
  const places = ['../bin', 'bin', '../../dist/bin'].map((place) => join(import.meta.dirname, place, name));
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new Error(`cannot find ${name} in ${places.join(', ')}; run npm run build:native`);
  return found;
}

/** The OCI runtime with the monitor, the program of `--init`, and that of the image slipway/hello. */
export function programs(): { ociPath: string; initPath: string; helloPath: string } {
  const ociPath = find('slipway-oci');
  return { ociPath, initPath: join(ociPath, '..', 'slipway-init'), helloPath: join(ociPath, '..', 'slipway-hello') };
}
