// Random Dockerfiles and edits from a fixed seed, for tests that compare two ways to the same result.

export interface RandomSource {
  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number;
  /** One of the values. */
  pick<T>(values: readonly T[]): T;
  /** What somebody or something may type or paste: words, line ends, quotes, halves of constructs. */
  fragment(): string;
  /** A Dockerfile of about that many instructions, not all of them right. */
  dockerfile(instructions: number): string;
}

const fragments = [
  ...['', '\n', '\r\n', '\r', '\\', '\\\n', '`', '`\n', ' ', '\t', '#', '# escape=`\n', '# syntax=a\n', '\ufeff'],
  ...['<<EOF', '<<-"A B"', 'EOF\n', '\nEOF\n', '"', "'", '$', '${', '}', '${a:-b}', '${a##*/}', '[', '["a", "b"]'],
  ...['FROM ', 'RUN ', 'COPY ', 'ONBUILD ', 'ENV a=b ', 'x', 'EO', 'é😀', '\ud83d', 'عربي', '--mount=type=cache,'],
  ...['--from=', '=', ',', '\n\n', '  # c\n', '<<', '\\ \n', '\0'],
];

const instructions = [
  ...['FROM alpine:3 AS build', 'FROM --platform=$BUILDPLATFORM build', 'ARG A=1 B', 'ENV a=b c="d e"', 'ENV a b c'],
  ...['RUN apt-get update && \\\n  apt-get install -y curl \\\n  # why\n\n  && true', 'RUN ["a", "b"]'],
  ...['RUN --mount=type=cache,target=/x --network=none make', 'RUN <<EOF\necho "$a"\nEOF', 'CMD ["x"', 'CMD x y'],
  ...['COPY --from=build --chown=1:1 a b /c/', 'COPY <<A <<-"B" /d\nx ${y}\nA\n\tz\n\tB', 'ADD ["a b", "c"]'],
  ...['HEALTHCHECK --interval=5s CMD curl x', 'HEALTHCHECK NONE', 'ONBUILD RUN <<EOF\ny\nEOF', 'EXPOSE 80/tcp 1-2'],
  ...[
    '# comment',
    '',
    '   # indented',
    'LABEL a.b="c" d=e',
    'USER a:b',
    'WORKDIR /x y',
    'VOLUME ["/a"]',
    'SHELL ["sh"]',
  ],
  ...['STOPSIGNAL 9', 'MAINTAINER me', 'nonsense here', 'run \\\r\n x\r', 'RUN echo \\\n', 'RUN <<open\nx'],
];

/** The same seed gives the same values for ever (mulberry32). */
export function randomSource(seed: number): RandomSource {
  let state = seed;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
  const pick = <T>(values: readonly T[]): T => {
    const value = values[below(values.length)];
    if (value === undefined) throw new Error('cannot pick from an empty list');
    return value;
  };
  return {
    below,
    pick,
    fragment: () => (below(4) === 0 ? `${pick(instructions)}\n` : pick(fragments)),
    dockerfile: (count) => {
      let text = below(3) === 0 ? '# escape=`\n' : '';
      for (let i = 0; i < count; i += 1) text += pick(instructions) + pick(['\n', '\n', '\n', '\r\n', '\n\n']);
      return text;
    },
  };
}
