import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"
import projects from "./vitest.workspace.ts"

export default defineConfig({
  test: {
    projects,
    maxWorkers: availableParallelism(),
    // a process for each file: what one leaves behind, such as a dispatcher of fetch, must not reach the next
    isolate: true,
    reporters: ["default", "./scripts/closing-line-reporter.ts"],
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      reporter: ["text", "lcov"],
      thresholds: { lines: 90, branches: 80 }
    }
  }
})
