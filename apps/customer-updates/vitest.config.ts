import { defineProject } from "vitest/config"

export default defineProject({
  test: {
    name: "customer-updates",
    include: ["test/**/*.test.ts"],
    // a test starts processes, each of which takes a second
    testTimeout: 30_000,
    // the files share nothing but their imports, which take longer than most of the tests
    isolate: false
  }
})
