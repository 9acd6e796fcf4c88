import { join } from "node:path"
import type { TestProjectConfiguration } from "vitest/config"

const path = (name: string): string => join(import.meta.dirname, name)

/** One project for all packages: vitest runs projects one after the other, and cores would wait at the end of each. */
const projects: Array<TestProjectConfiguration> = [{
  extends: true,
  test: {
    name: "effect-trustly",
    include: ["**/test/**/*.test.ts"],
    setupFiles: [path("packages/trustly/test/faults/nodeFetch.ts"), path("packages/trustly/test/eventLoopTurn.ts")],
    globalSetup: [
      path("packages/trustly-cli/test/bundle.ts"),
      path("packages/trustly-delivery/test/support/bundle.ts"),
      path("apps/backend/test/support/bundle.ts")
    ]
  }
}]

export default projects
