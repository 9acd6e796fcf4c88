import { describe } from "vitest"
import { testOneRunner } from "./support/oneRunner.ts"
import { isInstalled } from "./support/postgres.ts"
import { Setting } from "./support/setting.ts"

describe.skipIf(!isInstalled)("Postgres, which needs Debian's package postgresql", () => {
  const at = new Setting({ usesPostgres: isInstalled })
  testOneRunner(at, () => at.postgresEnv())
})
