// Who connects to a unix socket, asked of the kernel before a byte is read.
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { peerCredentials } from '../native/process.ts';

/** Node has no public way to a socket's descriptor. */
function descriptorOf(socket: Socket): number {
  const fd = (socket as Socket & { _handle?: { fd?: number } })._handle?.fd;
  if (fd === undefined || fd < 0) throw new Error('the socket is closed');
  return fd;
}

function groupsOf(pid: number): number[] {
  try {
    const line = /^Groups:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
    return line.split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Whether the peer of a unix socket may use the engine: the own user, root, and the group that the socket is for. */
export function isAllowed(socket: Socket, group: number | undefined): boolean {
  const peer = peerCredentials(descriptorOf(socket));
  if (peer.uid === 0 || peer.uid === process.getuid?.()) return true;
  return group !== undefined && (peer.gid === group || groupsOf(peer.pid).includes(group));
}
