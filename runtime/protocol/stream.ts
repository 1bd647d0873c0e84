// Raw byte streams beside the JSON. A method of kind `stream` answers `{ Stream }`. The client then opens a second connection
// to the same socket and writes `STREAM <id>\n` (wire.ts); from there on both directions are raw, with back-pressure, half-close
// included. An id is good for one connection, within 30 seconds, from the same user. Where bytes of several sources share a
// stream (logs, attach, exec without a terminal) they come in Docker's frames: [1 stdout | 2 stderr, 0, 0, 0, length as 32-bit
// big endian, bytes]. A broken stream (the engine failed in the middle) ends early; `stream.wait` says why.
import { call, params, text } from './method.ts';

export const streamMethods = {
  'stream.wait': call<unknown>()({
    summary: "Waits for a stream's end and gives the outcome that its method declares, or throws its error.",
    params: params({ Stream: text() }),
    errors: ['NotFound'],
  }),
} as const;
