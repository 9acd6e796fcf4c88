import { describe } from "vitest"
import { testOneRunner } from "./support/oneRunner.ts"
import { isInstalled } from "./support/postgres.ts"
import { TestEnvironment } from "./support/testEnvironment.ts"

describe.skipIf(!isInstalled)("Postgres (requires Debian's postgresql package)", () => {
  const environment = new TestEnvironment({ usesPostgres: isInstalled })
  testOneRunner(environment, () => environment.postgresEnv())
})
