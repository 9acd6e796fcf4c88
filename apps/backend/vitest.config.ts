import { project } from "../../vitest.shared.ts"

export default project("backend", { globalSetup: "test/support/bundle.ts" })
