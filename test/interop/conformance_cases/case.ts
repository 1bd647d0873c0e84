// What a case of the conformance tables says.
/** Those that know all of a case judge it; BuildKit is asked where one of the older ones can not be. */
export type Peer = 'buildah' | 'docker' | 'buildkit';

export interface Case {
  readonly what: string;
  /** `BASE` stands for the busybox image. */
  readonly file: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly ignore?: string;
  /** Peers that do not know what the file uses. With neither of them `expected` says it all. */
  readonly without?: readonly Peer[];
  /** From the Dockerfile reference: entries beyond those of the base image; `undefined` for what must not be there. */
  readonly expected?: Readonly<Record<string, string | undefined>>;
  /** What a peer does otherwise than the Dockerfile reference says: the entries, and why. They must differ, or the line goes. */
  readonly differs?: Partial<Readonly<Record<Peer, Difference>>>;
}

interface Difference {
  readonly entries: readonly string[];
  readonly why: string;
}

/** Two of the peers came before it: heredocs, newer flags and modifiers. */
export const newer: readonly Peer[] = ['buildah', 'docker'];
/** BuildKit as Debian has it, too: it is built without what was experimental then. */
export const newest: readonly Peer[] = [...newer, 'buildkit'];

/** Entries as a tree of an image has them. */
export const file = (content: string, mode = '644', owner = '0:0') =>
  `file ${mode} ${owner} ${JSON.stringify(content)}`;
export const directory = (mode = '755', owner = '0:0') => `directory ${mode} ${owner}`;

/** Reasons that several cases have. */
export const reasons = {
  setuid: 'Buildah 1.28 takes setuid from files of the context; BuildKit keeps the mode',
  setuidOfDocker: 'the classic builder changes the owner last, which clears setuid; BuildKit changes the mode last',
  attributes: "Docker's client leaves attributes behind when it sends a context; BuildKit sends them",
  madeMode: 'BuildKit gives a mode in digits to the directory that it makes for the files, too, one in letters not',
  excluded:
    'Docker 28 excludes only below directories; the reference excludes what wildcards find (COPY --exclude=*.txt hom* /mydir/)',
  workdir: "the classic builder makes it root's; BuildKit makes it for USER",
} as const;
