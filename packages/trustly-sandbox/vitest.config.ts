import { defineProject } from "vitest/config"

export default defineProject({ test: { name: "trustly-sandbox", include: ["test/**/*.test.ts"] } })
