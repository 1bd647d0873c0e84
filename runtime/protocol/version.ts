/** Raised with every change that an older client or helper would not understand. */
export const protocolVersion = 1;

/** Of client and engine, which are built together; package.json has the same (a test compares them). */
export const engineVersion = '0.1.0';

/** Whether a helper is older than this client, and so to be replaced. A newer one is let alone: it understands older clients. */
export function isOlder(helper: { readonly ProtocolVersion: number; readonly Version: string }): boolean {
  if (helper.ProtocolVersion !== protocolVersion) return helper.ProtocolVersion < protocolVersion;
  const numbers = (version: string) => version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const [theirs, ours] = [numbers(helper.Version), numbers(engineVersion)];
  const at = ours.findIndex((number, index) => number !== (theirs[index] ?? 0));
  return at >= 0 && (theirs[at] ?? 0) < (ours[at] ?? 0);
}
