/**
 * Limits of the JSON-RPC transport: frames, requests and connections.
 *
 * @module
 */

/**
 * Longest text frame in UTF-16 units. A block of a peer is at most 4.375 MiB, twice that in hexadecimal; the rest is the
 * envelope.
 */
export const MAX_FRAME_LENGTH = 9 * 1024 * 1024;
/** Deepest nesting of arrays and objects; the deepest request known here nests four deep. */
export const MAX_JSON_DEPTH = 16;
/** Most requests in one batch; clients of both styles send none, load generators a few dozen. */
export const MAX_BATCH_LENGTH = 64;
/** Longest method name; the longest of the worker has 40 characters. */
export const MAX_METHOD_LENGTH = 128;
/** Longest `id` as text: it is echoed, so it must not be a way to store data here. */
export const MAX_ID_LENGTH = 128;
/** Requests of one connection being worked on; above it a request is answered with {@linkcode LIMIT_EXCEEDED}. */
export const MAX_REQUESTS_IN_FLIGHT = 256;
/** Open subscriptions of one connection; a benchmark client watches all its calls on one socket. */
export const MAX_SUBSCRIPTIONS = 4096;
/** Notifications that wait for the answer of their own subscribe request. */
export const MAX_HELD_NOTIFICATIONS = 64;
/** Bytes queued in the socket at which a reader counts as too slow and its connection is closed. */
export const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;
/** Requests that one connection may send at once, as tokens of its bucket. */
export const RATE_BURST = 2000;
/** Requests per second that one connection may send for long: above what one core verifies in signatures. */
export const RATE_PER_SECOND = 5000;

/** Error code of a request above a limit: too many in flight, too many subscriptions, too fast. */
export const LIMIT_EXCEEDED = -32005;
