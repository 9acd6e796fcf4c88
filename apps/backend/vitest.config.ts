import { defineProject } from "vitest/config"

// one generous limit: these tests start processes, on machines that may be busy
export default defineProject({
  test: {
    name: "backend",
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/bundle.ts",
    testTimeout: 120_000,
    hookTimeout: 120_000
  }
})
