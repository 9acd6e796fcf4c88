import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"
import ClosingLineReporter from "./scripts/closing-line-reporter.ts"
import SlowFilesFirst from "./scripts/slow-files-first.ts"
import projects from "./vitest.workspace.ts"

// more than there are cores, because some files wait for processes most of their time
const workers = availableParallelism() + 2

export default defineConfig({
  test: {
    projects,
    minWorkers: workers,
    maxWorkers: workers,
    // loading Effect for each file anew takes longer than most of the files
    isolate: false,
    sequence: { sequencer: SlowFilesFirst },
    // a safety net against a test that hangs, longer than the waits inside a test together, whose errors say what they wait for; no
    // test asserts on it
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // tests that are concurrent wait most of their time
    maxConcurrency: 16,
    reporters: ["default", new ClosingLineReporter()],
    coverage: {
      provider: "v8",
      experimentalAstAwareRemapping: true,
      include: ["packages/*/src/**/*.ts"],
      reporter: ["text", "lcov"],
      thresholds: { lines: 90, branches: 80 }
    }
  }
})
