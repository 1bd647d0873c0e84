// The engine's nftables table in the kernel: made on first use, changed by transactions, rebuilt as a whole after a restart.
import { applyRules, type Statement, type TableName } from '../native/nftables.ts';
import {
  addNetworkStatements,
  addPortStatements,
  type FirewallNetwork,
  type FirewallPort,
  removeNetworkStatements,
  removePortStatements,
  tableStatements,
} from './firewall.ts';

export class RuleTable {
  readonly #name: TableName;
  readonly #enabled: boolean;
  /** The networks and ports that the kernel has rules for. */
  readonly #networks = new Map<string, FirewallNetwork>();
  #made = false;
  #last: Promise<void> = Promise.resolve();

  constructor(name: TableName, enabled: boolean) {
    this.#name = name;
    this.#enabled = enabled;
  }

  /** One transaction after the other, so that the table never is made twice. */
  #apply(statements: () => readonly Statement[]): Promise<void> {
    if (!this.#enabled) return Promise.resolve();
    const next = this.#last.then(async () => {
      const all = [
        ...(this.#made ? [] : [{ destroyTable: this.#name }, ...tableStatements(this.#name)]),
        ...statements(),
      ];
      if (all.length === 0) return;
      await applyRules(all);
      this.#made = true;
    });
    this.#last = next.catch(() => {}); // the caller of this one has the error
    return next;
  }

  async addNetwork(network: FirewallNetwork): Promise<void> {
    await this.#apply(() => (this.#networks.has(network.key) ? [] : addNetworkStatements(this.#name, network)));
    this.#networks.set(network.key, network);
  }

  /** With the last network the whole table goes. */
  async removeNetwork(key: string): Promise<void> {
    const network = this.#networks.get(key);
    if (network === undefined) return;
    this.#networks.delete(key);
    if (this.#networks.size > 0) return this.#apply(() => removeNetworkStatements(this.#name, network));
    await this.#apply(() => [{ destroyTable: this.#name }]);
    this.#made = false;
  }

  async addPorts(ports: readonly FirewallPort[]): Promise<void> {
    if (ports.length > 0) await this.#apply(() => addPortStatements(this.#name, ports));
  }

  async removePorts(ports: readonly FirewallPort[]): Promise<void> {
    if (ports.length > 0 && this.#made) await this.#apply(() => removePortStatements(this.#name, ports));
  }

  /** Replaces whatever is there by exactly this, in one transaction: connections go on. */
  async rebuild(networks: readonly FirewallNetwork[], ports: readonly FirewallPort[]): Promise<void> {
    this.#networks.clear();
    for (const network of networks) this.#networks.set(network.key, network);
    this.#made = true; // the statements below make it
    await this.#apply(() => {
      if (networks.length === 0) return [{ destroyTable: this.#name }];
      return [
        { destroyTable: this.#name },
        ...tableStatements(this.#name),
        ...networks.flatMap((network) => addNetworkStatements(this.#name, network)),
        ...(ports.length === 0 ? [] : addPortStatements(this.#name, ports)),
      ];
    });
    this.#made = networks.length > 0;
  }
}
