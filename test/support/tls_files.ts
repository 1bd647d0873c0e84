// Certificates for a test, made by openssl: an authority, a server at 127.0.0.1, and a client.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ClientFiles {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Writes ca.pem, cert.pem and key.pem (the server's) into `folder`, as `DOCKER_CERT_PATH` has them; gives what a client needs. */
export function writeTlsFiles(folder: string): ClientFiles {
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...newKey, '-keyout', 'ca-key.pem', '-out', 'ca.pem', '-days', '1', '-subj', '/CN=authority');
  const issue = (name: string, extension: string) => {
    openssl('req', ...newKey, '-keyout', `${name}key.pem`, '-out', `${name}request.pem`, '-subj', '/CN=slipway.test');
    writeFileSync(join(folder, `${name}extension`), extension);
    const signer = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-days', '1'];
    const files = ['-in', `${name}request.pem`, '-out', `${name}cert.pem`, '-extfile', `${name}extension`];
    openssl('x509', '-req', ...files, ...signer);
  };
  issue('', 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n');
  issue('client-', 'extendedKeyUsage=clientAuth\n');
  const read = (name: string) => readFileSync(join(folder, name));
  return { ca: read('ca.pem'), cert: read('client-cert.pem'), key: read('client-key.pem') };
}
