// What containers need from the other nouns, and what those need from containers. The nouns implement these; only
// runtime/engine/engine.ts knows all of them.
import type { ImageConfig } from '../image/config.ts';
import type { EndpointSettings, PortMap } from '../protocol/container_config.ts';

/** An image as a container uses it. */
export interface ContainerImage {
  /** `sha256:…` of the config. */
  readonly id: string;
  readonly config: ImageConfig;
  /** Unpacked layers for overlay, topmost first. */
  readonly lowerDirs: readonly string[];
  /** The same layers, bottom first: their chain ids and bytes of file data. */
  readonly layers: readonly { readonly chainId: string; readonly size: number }[];
  /** Bytes of all layers. */
  readonly size: number;
}

/** runtime/image */
export interface ImageSource {
  /** By name, id, id prefix or digest; unpacked and ready. Throws EngineError NotFound (`No such image: x`). */
  resolve(reference: string, platform?: string): Promise<ContainerImage>;
  /** A new image: the parent's layers and one more from an overlay upper directory. Gives its id. */
  commit(request: {
    readonly parent: string;
    readonly upper: string;
    /** The whole new config; created, rootfs and history are completed by the image store. */
    readonly config: ImageConfig;
    readonly createdBy: string;
    readonly author?: string;
    readonly comment?: string;
    readonly reference?: string;
  }): Promise<string>;
}

/** A container as networks see it. Settings are those asked for, by network name or id as written. */
export interface NetworkClient {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  /** HostConfig.NetworkMode: `bridge`, `default`, or a network's name or id. Never host, none or container:… here. */
  readonly networkMode: string;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  readonly portBindings: PortMap;
  readonly publishAll: boolean;
  /** From the config: `80/tcp`. */
  readonly exposedPorts: readonly string[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
}

export interface NetworkAttachment {
  /** By network name: NetworkID, EndpointID, addresses, gateway, MAC, DNSNames filled in. */
  readonly endpoints: Record<string, EndpointSettings>;
  /** What is published where: inspect's NetworkSettings.Ports. */
  readonly ports: PortMap;
  /** The whole text of the container's /etc/resolv.conf. */
  readonly resolvConf: string;
  /** Addresses for the container's own names in /etc/hosts, by network priority. */
  readonly addresses: readonly string[];
}

/** runtime/network */
export interface Networks {
  /** Checks what create asks for and names networks properly. Throws NotFound, InvalidArgument, Conflict. */
  validate(client: NetworkClient): void;
  /**
   * Sets up interfaces, addresses, routes, names and published ports in the network namespace of `pid`, whose process waits
   * before its program starts. The namespace ends with the container's processes, and its interfaces with it.
   */
  attach(client: NetworkClient, pid: number): Promise<NetworkAttachment>;
  /** One more network for a running container. */
  connect(client: NetworkClient, pid: number, network: string, settings: EndpointSettings): Promise<NetworkAttachment>;
  disconnect(client: NetworkClient, pid: number, network: string): Promise<void>;
  /** Gives addresses, names and ports back; after exit, also of containers that never got to start. Idempotent. */
  release(containerId: string): Promise<void>;
  /** /etc/resolv.conf for a container with no network of its own (host mode: the host's). */
  plainResolvConf(client: Pick<NetworkClient, 'dns' | 'dnsSearch' | 'dnsOptions'>): string;
  /** After a restart of the helper: these run, with these endpoints as recorded. Everything else of the engine's is left over. */
  restore(running: readonly { client: NetworkClient; pid: number; attachment: NetworkAttachment }[]): Promise<void>;
}

export interface VolumeRecord {
  readonly name: string;
  readonly driver: string;
  readonly mountpoint: string;
}

/** runtime/volume */
export interface Volumes {
  /** Creates it, or gives the existing one; with no name an anonymous one (64 hexadecimal digits). */
  ensure(request: {
    readonly name?: string;
    readonly driver?: string;
    readonly options?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
  }): Promise<VolumeRecord & { readonly created: boolean }>;
  /** Throws NotFound. */
  get(name: string): VolumeRecord;
  /** The directory to bind into the container; options type=nfs and the like are mounted for the first user. */
  mount(name: string, containerId: string): Promise<string>;
  unmount(name: string, containerId: string): Promise<void>;
  /** If the volume is empty: takes over what the image has at `path` (inside `root`), with owners and modes, once. */
  populate(name: string, root: string, path: string): Promise<void>;
  /** For `rm -v`, `--rm`: removes it if it is anonymous and no container uses it. */
  removeAnonymous(name: string): Promise<void>;
  restore(mounted: readonly { name: string; containerId: string }[]): Promise<void>;
}

/** What the other nouns ask about containers: who uses what. Answers from memory, at once. */
export interface ContainerUses {
  usersOfImage(imageId: string): readonly { id: string; name: string; running: boolean }[];
  usersOfVolume(name: string): readonly { id: string; name: string; running: boolean }[];
  /** Of a network, by name or id: containers configured for it. */
  usersOfNetwork(
    network: string,
  ): readonly { id: string; name: string; running: boolean; settings: EndpointSettings }[];
}
