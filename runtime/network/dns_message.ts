// The little of DNS (RFC 1035) that a resolver for container names needs: reading a question and writing an answer.
import { isIP } from 'node:net';
import { formatAddress, parseAddress } from './ip.ts';

export const recordTypes = { A: 1, PTR: 12, AAAA: 28 } as const;
export const responseCodes = { noError: 0, formatError: 1, serverFailure: 2, nameError: 3, refused: 5 } as const;

export interface Question {
  readonly id: number;
  /** Lower case, without the final dot. */
  readonly name: string;
  readonly type: number;
  /** 1: Internet. */
  readonly class: number;
  readonly recursionDesired: boolean;
  /** The question section as it came: answers repeat it. */
  readonly bytes: Buffer;
}

const headerBytes = 12;
/** Seconds that an answer may be kept: containers come and go. */
const timeToLive = 5;

/** A query with exactly one question; undefined for anything else. */
export function parseQuestion(message: Buffer): Question | undefined {
  if (message.length < headerBytes + 5) return undefined;
  const flags = message.readUInt16BE(2);
  const isQuery = (flags & 0x8000) === 0 && (flags & 0x7800) === 0;
  if (!isQuery || message.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = headerBytes;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63) return undefined; // no compression in questions
    at += 1;
    if (length === 0) break;
    if (at + length > message.length || labels.length > 127) return undefined;
    labels.push(message.toString('latin1', at, at + length));
    at += length;
  }
  if (at + 4 > message.length) return undefined;
  return {
    id: message.readUInt16BE(0),
    name: labels.join('.').toLowerCase(),
    type: message.readUInt16BE(at),
    class: message.readUInt16BE(at + 2),
    recursionDesired: (flags & 0x0100) !== 0,
    bytes: message.subarray(headerBytes, at + 4),
  };
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ]);
}

/** Addresses as A or AAAA records, names as PTR records; what doesn't suit the question's type is left out. */
export function encodeAnswer(
  question: Question,
  data: readonly string[],
  code: number = responseCodes.noError,
): Buffer {
  const records = data.flatMap((entry) => {
    const rdata = encodeData(question.type, entry);
    if (rdata === undefined) return [];
    const head = Buffer.alloc(12);
    head.writeUInt16BE(0xc000 | headerBytes, 0); // the question's name
    head.writeUInt16BE(question.type, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt32BE(timeToLive, 6);
    head.writeUInt16BE(rdata.length, 10);
    return [Buffer.concat([head, rdata])];
  });
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(question.id, 0);
  // An answer, recursion available; ours is authoritative for what it answers itself.
  header.writeUInt16BE(0x8080 | (question.recursionDesired ? 0x0100 : 0) | (code === 0 ? 0x0400 : 0) | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, question.bytes, ...records]);
}

function encodeData(type: number, entry: string): Buffer | undefined {
  if (type === recordTypes.PTR) return isIP(entry) === 0 ? encodeName(entry) : undefined;
  const family = isIP(entry);
  if (type === recordTypes.A && family === 4) return Buffer.from(entry.split('.').map(Number));
  if (type !== recordTypes.AAAA || family !== 6) return undefined;
  return Buffer.from(parseAddress(entry).value.toString(16).padStart(32, '0'), 'hex');
}

/** The address that a reverse name asks for: `2.0.17.172.in-addr.arpa`, or the nibbles under ip6.arpa. */
export function reverseAddress(name: string): string | undefined {
  const four = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(name)?.[1];
  if (four !== undefined) {
    const address = four.slice(0, -1).split('.').reverse().join('.');
    return isIP(address) === 4 ? address : undefined;
  }
  const six = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)?.[1];
  if (six === undefined) return undefined;
  return formatAddress(6, BigInt(`0x${six.replaceAll('.', '').split('').reverse().join('')}`));
}
