import { project } from "../../vitest.shared.ts"

export default project("trustly-cli", { globalSetup: "test/bundle.ts" })
