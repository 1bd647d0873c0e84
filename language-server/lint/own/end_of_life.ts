// Until when the makers of common base images care for them. Dates are those that the projects announce.

/** Image, the part of the tag that names the release, the last day. */
const DATES = `
debian 8 2020-06-30|debian 9 2022-06-30|debian 10 2024-06-30|debian 11 2026-08-31|debian 12 2028-06-30
ubuntu 14.04 2019-04-30|ubuntu 16.04 2021-04-30|ubuntu 18.04 2023-05-31|ubuntu 20.04 2025-05-31|ubuntu 22.04 2027-04-30
ubuntu 21.04 2022-01-20|ubuntu 21.10 2022-07-14|ubuntu 22.10 2023-07-20|ubuntu 23.04 2024-01-25|ubuntu 23.10 2024-07-11|ubuntu 24.10 2025-07-10
alpine 3.9 2020-11-01|alpine 3.10 2021-05-01|alpine 3.11 2021-11-01|alpine 3.12 2022-05-01|alpine 3.13 2022-11-01|alpine 3.14 2023-05-01
alpine 3.15 2023-11-01|alpine 3.16 2024-05-23|alpine 3.17 2024-11-22|alpine 3.18 2025-05-09|alpine 3.19 2025-11-01|alpine 3.20 2026-04-01
alpine 3.21 2026-11-01|alpine 3.22 2027-05-01
centos 6 2020-11-30|centos 7 2024-06-30|centos 8 2021-12-31
fedora 37 2023-12-05|fedora 38 2024-05-21|fedora 39 2024-11-26|fedora 40 2025-05-13|fedora 41 2025-12-15
opensuse/leap 15.4 2023-12-07|opensuse/leap 15.5 2024-12-31|opensuse/leap 15.6 2026-04-30
node 8 2019-12-31|node 10 2021-04-30|node 12 2022-04-30|node 14 2023-04-30|node 16 2023-09-11|node 17 2022-06-01|node 18 2025-04-30
node 19 2023-06-01|node 20 2026-04-30|node 21 2024-06-01|node 22 2027-04-30|node 23 2025-06-01
python 2.7 2020-01-01|python 3.5 2020-09-13|python 3.6 2021-12-23|python 3.7 2023-06-27|python 3.8 2024-10-07|python 3.9 2025-10-31|python 3.10 2026-10-31
golang 1.18 2023-02-01|golang 1.19 2023-08-08|golang 1.20 2024-02-06|golang 1.21 2024-08-13|golang 1.22 2025-02-11|golang 1.23 2025-08-12
php 5.6 2018-12-31|php 7.2 2020-11-30|php 7.3 2021-12-06|php 7.4 2022-11-28|php 8.0 2023-11-26|php 8.1 2025-12-31|php 8.2 2026-12-31
ruby 2.5 2021-04-05|ruby 2.6 2022-04-12|ruby 2.7 2023-03-31|ruby 3.0 2024-04-23|ruby 3.1 2025-03-26|ruby 3.2 2026-03-31
postgres 10 2022-11-10|postgres 11 2023-11-09|postgres 12 2024-11-21|postgres 13 2025-11-13|postgres 14 2026-11-12
mysql 5.6 2021-02-05|mysql 5.7 2023-10-31|mysql 8.0 2026-04-30
mongo 4.2 2023-04-30|mongo 4.4 2024-02-29|mongo 5.0 2024-10-31|mongo 6.0 2025-07-31
mcr.microsoft.com/dotnet 3.1 2022-12-13|mcr.microsoft.com/dotnet 5.0 2022-05-10|mcr.microsoft.com/dotnet 6.0 2024-11-12|mcr.microsoft.com/dotnet 7.0 2024-05-14
mcr.microsoft.com/dotnet 8.0 2026-11-10
`;

/** The last day by `image release`. */
const RELEASES: ReadonlyMap<string, string> = new Map(
  DATES.trim()
    .split(/[|\n]/)
    .map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]),
);

/** Names by which tags call a release of another image that is inside. */
const CODE_NAMES: Readonly<Record<string, readonly [image: string, release: string]>> = {
  jessie: ['debian', '8'],
  stretch: ['debian', '9'],
  buster: ['debian', '10'],
  bullseye: ['debian', '11'],
  bookworm: ['debian', '12'],
  trusty: ['ubuntu', '14.04'],
  xenial: ['ubuntu', '16.04'],
  bionic: ['ubuntu', '18.04'],
  focal: ['ubuntu', '20.04'],
  jammy: ['ubuntu', '22.04'],
};

export interface EndOfLife {
  /** `Debian`-like name with its release: `debian 10`. */
  readonly what: string;
  readonly until: string;
}

/** What in an image is no longer cared for on `today`; undefined if nothing is known to be. */
export function endOfLife(image: string, tag: string, today: Date): EndOfLife | undefined {
  const day = today.toISOString().slice(0, 10);
  for (const [name, release] of candidates(image, tag)) {
    const until = RELEASES.get(`${name} ${release}`);
    if (until !== undefined && until < day) return { what: `${name} ${release}`, until };
  }
  return undefined;
}

/** The releases that image and tag name: its own, and the distribution's in the rest of the tag. */
function* candidates(image: string, tag: string): Generator<readonly [string, string]> {
  const base = image.startsWith('mcr.microsoft.com/dotnet/') ? 'mcr.microsoft.com/dotnet' : image;
  const [head = '', ...rest] = tag.split('-');
  const numbers = /^v?(\d+)(?:\.(\d+))?/.exec(head);
  if (numbers !== null) {
    if (numbers[2] !== undefined) yield [base, `${numbers[1]}.${numbers[2]}`];
    yield [base, numbers[1] ?? ''];
  }
  for (const word of [head, ...rest]) {
    const codeName = CODE_NAMES[word];
    if (codeName !== undefined) yield codeName;
    const alpine = /^alpine(\d+\.\d+)/.exec(word)?.[1];
    if (alpine !== undefined) yield ['alpine', alpine];
  }
}
