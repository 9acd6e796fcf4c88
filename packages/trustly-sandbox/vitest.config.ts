import { defineProject } from "vitest/config"

export default defineProject({
  test: {
    name: "trustly-sandbox",
    include: ["test/**/*.test.ts"],
    // a busy machine must not fail a test: tests assert on order and cause, and this only ends one that hangs
    testTimeout: 120_000,
    hookTimeout: 120_000
  }
})
