import type { Reporter, TestModule } from "vitest/node"

/** Prints `N passed, N failed` as the very last line, after vitest's own summary and the coverage table. */
export default class ClosingLineReporter implements Reporter {
  private line = "0 passed, 1 failed"

  onInit(): void {
    process.once("exit", () => process.stdout.write(`${this.line}\n`))
  }

  onTestRunEnd(testModules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<unknown>): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 }
    for (const testModule of testModules) {
      count.failed += testModule.errors().length // a module that could not be loaded
      for (const test of testModule.children.allTests()) count[test.result().state]++
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : ""
    this.line = `${count.passed} passed, ${count.failed} failed${skipped}`
  }
}
