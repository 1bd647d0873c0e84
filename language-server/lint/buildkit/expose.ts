// BuildKit's checks of EXPOSE. frontend/dockerfile/dockerfile2llb/convert_expose.go.
import { replaceFix, within } from '../fixes.ts';
import type { Rule } from '../rule.ts';

const PORT = /^(.*?)(\d[\d-]*)?(?:\/(\w*))?$/;

const exposeProtoCasing: Rule = {
  code: 'ExposeProtoCasing',
  source: 'buildkit',
  severity: 'warning',
  title: 'Protocol in EXPOSE instruction should be lowercase',
  why: 'Protocols are `tcp`, `udp` and `sctp`. Other spellings are understood today and turned to lower case.',
  bad: 'FROM alpine:3.22\nEXPOSE 80/TcP\n',
  good: 'FROM alpine:3.22\nEXPOSE 80/tcp\n',
  keywords: ['EXPOSE'],
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'EXPOSE') return;
    for (const { raw, span } of instruction.words) {
      const protocol = PORT.exec(raw)?.[3] ?? '';
      if (!/^(tcp|udp|sctp)$/i.test(protocol) || protocol === protocol.toLowerCase()) continue;
      const place = within(span, raw, raw.length - protocol.length, protocol.length);
      const fixes = [replaceFix(`Write ${protocol.toLowerCase()}`, place, protocol.toLowerCase())];
      const message = `Defined protocol '${raw}' in EXPOSE instruction should be lowercase`;
      report(place, { message, fixes: place === span ? [] : fixes });
    }
  },
};

const exposeInvalidFormat: Rule = {
  code: 'ExposeInvalidFormat',
  source: 'buildkit',
  severity: 'warning',
  title: 'EXPOSE instruction should not define an IP address or host-port mapping',
  why: 'EXPOSE names the ports on which the program in the container listens. Which port of the host leads there is decided by `run -p`, so addresses and mappings here have no effect and will become an error.',
  bad: 'FROM alpine:3.22\nEXPOSE 127.0.0.1:80:80\n',
  good: 'FROM alpine:3.22\nEXPOSE 80\n',
  keywords: ['EXPOSE'],
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'EXPOSE') return;
    for (const { raw, span } of instruction.words) {
      const colon = raw.lastIndexOf(':');
      if (colon < 0 || raw.includes('$')) continue;
      const message = `EXPOSE instruction should not define an IP address or host-port mapping, found '${raw}'`;
      report(span, { message, fixes: [replaceFix(`Write ${raw.slice(colon + 1)}`, span, raw.slice(colon + 1))] });
    }
  },
};

export const exposeChecks: readonly Rule[] = [exposeProtoCasing, exposeInvalidFormat];
