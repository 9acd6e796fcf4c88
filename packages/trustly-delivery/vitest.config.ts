import { project } from "../../vitest.shared.ts"

export default project("trustly-delivery", { globalSetup: "test/support/bundle.ts" })
