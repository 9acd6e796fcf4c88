import { defineProject } from "vitest/config"

export default defineProject({ test: { name: "trustly", include: ["test/**/*.test.ts"] } })
