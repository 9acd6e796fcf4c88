import { afterEach } from "vitest"

// Vitest's reports time out after a minute without a turn of the event loop, which tests that wait for nothing do not give it
afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)))
