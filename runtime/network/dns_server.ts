// A network's resolver: it listens on the gateway's address, answers for the names of the network's containers, and passes
// every other question on to the host's resolvers (or to those that the asking container was given).
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, isIP, type Server, type Socket } from 'node:net';
import {
  encodeAnswer,
  parseQuestion,
  type Question,
  recordTypes,
  responseCodes,
  reverseAddress,
} from './dns_message.ts';

export interface NameSource {
  /** Addresses of a name as the container at `client` may see it; undefined where it is no container's name. */
  addresses(name: string, client: string): readonly string[] | undefined;
  /** The name of the container with this address, seen from `client`. */
  nameOf(address: string, client: string): string | undefined;
  /** Where other questions of this client go, as `address` or `address#port`; empty: nowhere (an internal network). */
  upstreams(client: string): Promise<readonly string[]>;
}

const port = 53;
const upstreamTimeout = 4000;
const maxPending = 1000;
const maxTcpClients = 200;
const idleTcp = 10_000;

export class DnsServer implements AsyncDisposable {
  readonly #names: NameSource;
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #pending = new Set<UdpSocket>();
  readonly #clients = new Set<Socket>();
  #turn = 0;

  private constructor(names: NameSource, udp: UdpSocket, tcp: Server) {
    this.#names = names;
    this.#udp = udp;
    this.#tcp = tcp;
  }

  /** Listens on an address of this machine. Rejects where the port is taken. */
  static async listen(address: string, names: NameSource): Promise<DnsServer> {
    const udp = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
    const tcp = createServer({ pauseOnConnect: false });
    try {
      udp.bind({ address, port, exclusive: true });
      await once(udp, 'listening');
      tcp.listen({ host: address, port, exclusive: true });
      await once(tcp, 'listening');
    } catch (error) {
      udp.close();
      tcp.close();
      throw error;
    }
    const server = new DnsServer(names, udp, tcp);
    udp.on('message', (message, { address: client, port: clientPort }) => {
      void server.#answer(message, client, false).then((answer) => {
        if (answer !== undefined) udp.send(answer, clientPort, client, () => {}); // a client that is gone needs no answer
      });
    });
    udp.on('error', () => {}); // a vanished client's ICMP answer concerns nobody else
    tcp.on('connection', (socket) => server.#serveTcp(socket));
    udp.unref();
    tcp.unref();
    return server;
  }

  async #answer(message: Buffer, client: string, overTcp: boolean): Promise<Buffer | undefined> {
    const question = parseQuestion(message);
    if (question === undefined) return undefined;
    const own = this.#own(question, client);
    if (own !== undefined) return own;
    const upstreams = await this.#names.upstreams(client);
    for (const upstream of upstreams) {
      const [address = '', upstreamPort = '53'] = upstream.split('#');
      const answer = overTcp
        ? await this.#askTcp(message, address, Number(upstreamPort))
        : await this.#askUdp(message, address, Number(upstreamPort));
      if (answer !== undefined) return answer;
    }
    return encodeAnswer(question, [], upstreams.length === 0 ? responseCodes.nameError : responseCodes.serverFailure);
  }

  #own(question: Question, client: string): Buffer | undefined {
    if (question.class !== 1) return undefined;
    if (question.type === recordTypes.PTR) {
      const address = reverseAddress(question.name);
      const name = address === undefined ? undefined : this.#names.nameOf(address, client);
      return name === undefined ? undefined : encodeAnswer(question, [name]);
    }
    const addresses = this.#names.addresses(question.name, client);
    if (addresses === undefined) return undefined;
    // Several containers under one alias take turns at being first.
    const first = addresses.length > 1 ? this.#turn++ % addresses.length : 0;
    return encodeAnswer(question, [...addresses.slice(first), ...addresses.slice(0, first)]);
  }

  /** Asks over a socket of its own, whose random port makes answers hard to forge. */
  async #askUdp(message: Buffer, address: string, upstreamPort: number): Promise<Buffer | undefined> {
    if (this.#pending.size >= maxPending) return undefined;
    const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
    this.#pending.add(socket);
    const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
    const timer = setTimeout(resolve, upstreamTimeout, undefined);
    try {
      socket.on('error', () => resolve(undefined));
      socket.on('message', (answer, from) => {
        if (from.port === upstreamPort && answer.length > 2 && answer.readUInt16BE(0) === message.readUInt16BE(0))
          resolve(answer);
      });
      socket.send(message, upstreamPort, address, (error) => {
        if (error !== null) resolve(undefined);
      });
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#pending.delete(socket);
      socket.close();
    }
  }

  async #askTcp(message: Buffer, address: string, upstreamPort: number): Promise<Buffer | undefined> {
    const socket = connect({ host: address, port: upstreamPort, timeout: upstreamTimeout });
    socket.on('timeout', () => socket.destroy());
    socket.end(framed(message));
    try {
      for await (const answer of messages(socket)) return answer;
    } catch {
      return undefined; // the next resolver is asked
    } finally {
      socket.destroy();
    }
    return undefined;
  }

  #serveTcp(socket: Socket): void {
    if (this.#clients.size >= maxTcpClients) {
      socket.destroy();
      return;
    }
    this.#clients.add(socket);
    socket.setTimeout(idleTcp, () => socket.destroy());
    socket.on('close', () => this.#clients.delete(socket));
    const client = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    const serve = async () => {
      for await (const message of messages(socket)) {
        const answer = await this.#answer(message, client, true);
        if (answer === undefined) break;
        socket.write(framed(answer));
      }
      socket.end();
    };
    serve().catch(() => socket.destroy()); // the client went away
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#clients) socket.destroy();
    this.#tcp.close();
    this.#udp.close();
    await once(this.#udp, 'close');
  }
}

/** DNS over TCP: each message after its length (RFC 1035, 4.2.2). */
function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

async function* messages(socket: Socket): AsyncGenerator<Buffer> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const end = 2 + pending.readUInt16BE(0);
      yield pending.subarray(2, end);
      pending = pending.subarray(end);
    }
  }
}
