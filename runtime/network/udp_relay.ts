// Datagrams that the firewall does not lead to a container: the helper passes them on, and the answers back.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIP } from 'node:net';

/** As long as Docker's proxy remembers who asked. */
const patience = 90_000;
/** Each sender costs a descriptor; beyond this many the oldest is forgotten. */
const mostSenders = 4096;

interface Sender {
  readonly socket: Socket;
  timer: NodeJS.Timeout;
}

/** Until `outside` is closed. */
export function relayDatagrams(outside: Socket, address: string, port: number): void {
  const senders = new Map<string, Sender>();
  const forget = (key: string) => {
    const sender = senders.get(key);
    if (sender === undefined) return;
    senders.delete(key);
    clearTimeout(sender.timer);
    sender.socket.close();
  };
  const remember = (key: string, from: RemoteInfo): Sender => {
    const [oldest] = senders.keys();
    if (senders.size >= mostSenders && oldest !== undefined) forget(oldest);
    const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4').unref();
    socket.on('message', (data, answerer) => {
      if (answerer.address === address && answerer.port === port) outside.send(data, from.port, from.address);
    });
    socket.on('error', () => forget(key));
    const sender = { socket, timer: setTimeout(forget, patience, key).unref() };
    senders.set(key, sender);
    return sender;
  };
  outside.on('message', (data, from) => {
    const key = `${from.address} ${from.port}`;
    const sender = senders.get(key) ?? remember(key, from);
    sender.timer.refresh();
    sender.socket.send(data, port, address);
  });
  outside.on('error', () => {}); // an answer that could not be sent is a lost datagram
  outside.on('close', () => {
    for (const key of [...senders.keys()]) forget(key);
  });
}
