/**
 * Whichever comes first decides how Node's `fetch` connects, in all of the process: `fetch` itself, or the package `undici`, which
 * `@effect/platform-node` loads. The tests are of `fetch` as it is where `undici` is not installed.
 */
await fetch("data:,")
