// What dockerd's json-file driver would have written for some output: an implementation of its own, after dockerd's
// copier (lines cut every 16 KiB) and Go's JSON encoder, slow and plain.
const longestPart = 16384;

/** The `"log":"…"` values of one stream, in JSON as they stand in the file. */
export function expectedTexts(output: Buffer): string[] {
  const texts: string[] = [];
  let start = 0;
  while (start < output.length) {
    const newline = output.indexOf(0x0a, start);
    const lineEnd = newline < 0 ? output.length : newline;
    let at = start;
    while (lineEnd - at >= longestPart) {
      texts.push(goString(output.subarray(at, at + longestPart)));
      at += longestPart;
    }
    if (newline >= 0) texts.push(goString(Buffer.concat([output.subarray(at, lineEnd), Buffer.from('\n')])));
    else if (at < lineEnd) texts.push(goString(output.subarray(at, lineEnd)));
    start = lineEnd + 1;
  }
  return texts;
}

function goString(bytes: Buffer): string {
  let out = '"';
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes.readUInt8(at);
    if (byte < 0x80) {
      out += escapeAscii(byte);
      at += 1;
      continue;
    }
    const length = validSequence(bytes, at);
    if (length === 0) {
      out += '\\ufffd';
      at += 1;
      continue;
    }
    const character = bytes.toString('utf8', at, at + length);
    if (character === '\u2028') out += '\\u2028';
    else if (character === '\u2029') out += '\\u2029';
    else out += character;
    at += length;
  }
  return `${out}"`;
}

function escapeAscii(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === '"' || character === '\\') return `\\${character}`;
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (byte < 0x20 || '<>&'.includes(character)) return `\\u00${byte.toString(16).padStart(2, '0')}`;
  return character;
}

/** The length of the UTF-8 sequence that begins there; 0 if it is none. */
function validSequence(bytes: Buffer, at: number): number {
  for (const length of [2, 3, 4]) {
    if (at + length > bytes.length) return 0;
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(at, at + length));
      if (text.length === (length === 4 ? 2 : 1)) return length;
    } catch {
      // longer, or none
    }
  }
  return 0;
}
