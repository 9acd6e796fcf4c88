import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"
import projects from "./vitest.workspace.ts"

export default defineConfig({
  test: {
    projects,
    minWorkers: availableParallelism(),
    maxWorkers: availableParallelism(),
    // loading Effect for each file anew takes longer than most of the files
    isolate: false,
    reporters: ["default", "./scripts/closing-line-reporter.ts"],
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      reporter: ["text", "lcov"],
      thresholds: { lines: 90, branches: 80 }
    }
  }
})
