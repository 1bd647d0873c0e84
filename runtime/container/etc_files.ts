// The files that the engine gives a container: hostname, hosts, resolv.conf. They are bound in by inode, so they are changed
// in place, never replaced.
import { writeFileSync } from 'node:fs';
import { networkClient } from './network_client.ts';
import type { ContainerRecord } from './record.ts';
import type { ContainerServices } from './services.ts';
import { directories } from './services.ts';

const localhost = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

/** `name:address`; `host-gateway` stands for the address at which the host is reached. */
function extraHost(text: string, gateway: string): string {
  const colon = text.search(/[:=]/);
  const name = text.slice(0, colon);
  const address = text.slice(colon + 1).replace(/^\[(.*)\]$/, '$1');
  return `${address === 'host-gateway' ? gateway : address}\t${name}\n`;
}

/** The text of /etc/hosts. */
export function hostsText(record: ContainerRecord): string {
  const { config, hostConfig, attachment } = record;
  const hostname = config.Hostname ?? '';
  const names = config.Domainname ? `${hostname}.${config.Domainname} ${hostname}` : hostname;
  const gateway = Object.values(attachment?.endpoints ?? {}).find(({ Gateway }) => Gateway)?.Gateway ?? '127.0.0.1';
  const extra = (hostConfig.ExtraHosts ?? []).map((text) => extraHost(text, gateway));
  const own = (attachment?.addresses ?? []).map((address) => `${address}\t${names}\n`);
  return [localhost, ...extra, ...own].join('');
}

/** Before the start: what is known by then. */
export function writeEtcFiles(services: ContainerServices, record: ContainerRecord): void {
  const paths = directories(services, record);
  const { config } = record;
  writeFileSync(paths.hostname, `${config.Hostname ?? ''}\n`, { mode: 0o644 });
  writeFileSync(paths.hosts, hostsText(record), { mode: 0o644 });
  const resolvConf = record.attachment?.resolvConf ?? services.networks.plainResolvConf(networkClient(record));
  writeFileSync(paths.resolvConf, resolvConf, { mode: 0o644 });
}

/** After the networks are there, and whenever they change. */
export function rewriteEtcFiles(services: ContainerServices, record: ContainerRecord): void {
  const paths = directories(services, record);
  writeFileSync(paths.hosts, hostsText(record));
  if (record.attachment !== undefined) writeFileSync(paths.resolvConf, record.attachment.resolvConf);
}
