// The few words of the protocol that both sides need at run time, apart from the schemas.

/**
 * How a raw stream begins: `STREAM <id>\n` on a second connection to the same socket. From there on both directions are
 * raw, with back-pressure, half-close included. An id is good for one connection, within 30 seconds.
 */
export const streamPreamble = 'STREAM ';

export interface StreamTicket {
  Stream: string;
}

/** `{ Token, Value }`: the token is what the request gave as `progressToken` beside its parameters. */
export const progressNotification = 'progress';
export interface ProgressNotification {
  Token: string;
  Value: unknown;
}

/** The notification that carries events: in order, several at once under load. */
export const eventNotification = 'event';
