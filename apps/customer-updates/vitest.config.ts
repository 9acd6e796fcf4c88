import { defineProject } from "vitest/config"

export default defineProject({
  test: { name: "customer-updates", include: ["test/**/*.test.ts"], testTimeout: 120_000 }
})
