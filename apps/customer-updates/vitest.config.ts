import { defineProject } from "vitest/config"

// a test starts processes, each of which takes a second
export default defineProject({
  test: { name: "customer-updates", include: ["test/**/*.test.ts"], testTimeout: 30_000 }
})
