// A rootless engine's way to ports of the machine: its launcher left a process outside of its network namespace that opens
// sockets there and hands them in (native/oci/host_ports.cc).
import { NativeError } from '../native/native.ts';
import { recvFds, sendFds } from '../native/process.ts';

export class HostPorts {
  readonly #socket: number;
  /** Requests and answers take turns. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(socket: number) {
    this.#socket = socket;
  }

  /** What the launcher says; programs that this one starts are not to find it. */
  static take(environment = process.env): HostPorts | undefined {
    const { SLIPWAY_HOST_PORTS: text } = environment;
    delete environment['SLIPWAY_HOST_PORTS'];
    return text === undefined ? undefined : new HostPorts(Number(text));
  }

  /** A socket bound to the machine's address and port; with TCP it listens. Throws NativeError as bind(2) fails. */
  open(protocol: 'tcp' | 'udp', address: string, port: number): Promise<number> {
    const turn = this.#last.then(() => this.#ask(protocol, address, port));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #ask(protocol: string, address: string, port: number): Promise<number> {
    await sendFds(this.#socket, Buffer.from(`${protocol} ${address} ${port}`), []);
    const { data, fds } = await recvFds(this.#socket);
    const [fd] = fds;
    if (fd !== undefined) return fd;
    const errno = Number(data.toString()) || 5; // EIO: the process outside is gone
    throw new NativeError(`cannot bind ${address}:${port} outside of the engine's namespace`, errno, 'bind', address);
  }
}
