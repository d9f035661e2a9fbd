/**
 * The node's log.
 *
 * @module
 */

/** Takes a line of the node's log. */
export type DevnodeLog = (level: "info" | "warn" | "error", message: string) => void;
