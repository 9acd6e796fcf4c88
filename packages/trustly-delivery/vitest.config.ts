import { defineProject } from "vitest/config"

// one generous limit: these tests start processes and databases, on machines that may be busy
export default defineProject({
  test: { name: "trustly-delivery", include: ["test/**/*.test.ts"], testTimeout: 300_000, hookTimeout: 300_000 }
})
