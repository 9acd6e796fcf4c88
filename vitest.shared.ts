import { defineProject, type UserWorkspaceConfig } from "vitest/config"

/** What every project of the workspace has in common. A package's `vitest.config.ts` gives its name, and what is special about it. */
export const project = (name: string, options: NonNullable<UserWorkspaceConfig["test"]> = {}) =>
  defineProject({
    test: {
      name,
      include: ["test/**/*.test.ts"],
      // a safety net against a test that hangs, longer than any wait inside a test; no test asserts on it
      testTimeout: 300_000,
      hookTimeout: 300_000,
      // tests that are concurrent wait most of their time
      maxConcurrency: 16,
      ...options
    }
  })
