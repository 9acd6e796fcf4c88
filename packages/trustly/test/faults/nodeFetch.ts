// @effect-diagnostics globalFetch:off -- Node's own fetch is what this file is about
/**
 * Calls `fetch` before anything loads the package `undici`, as `@effect/platform-node` does. Whichever of the two runs first sets the
 * global dispatcher that Node's `fetch` uses in this process. The tests must cover Node's own `fetch`, as it is without `undici`.
 */
await fetch("data:,")
