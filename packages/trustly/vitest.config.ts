import { project } from "../../vitest.shared.ts"

export default project("trustly", { setupFiles: "test/faults/nodeFetch.ts" })
