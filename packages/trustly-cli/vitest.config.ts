import { defineProject } from "vitest/config"

export default defineProject({
  test: {
    name: "trustly-cli",
    include: ["test/**/*.test.ts"],
    globalSetup: "test/bundle.ts",
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // the files share nothing but their imports, which take longer than most of the tests
    isolate: false
  }
})
