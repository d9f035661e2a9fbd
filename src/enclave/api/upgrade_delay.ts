/**
 * How long the next code of a shard has to be announced: what enclaves hold to, and what who announces has to know.
 *
 * @module
 */

/** Parentchain blocks for which an upgrade must have been visible: a day of six seconds each, to look at the code or leave. */
export const MIN_UPGRADE_VISIBLE_BLOCKS = 14_400;
/** The same in shards that were founded for tests, where nobody has anything to lose. */
export const DEVELOPMENT_UPGRADE_VISIBLE_BLOCKS = 4;
