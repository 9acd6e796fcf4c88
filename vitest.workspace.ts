import type { TestProjectConfiguration } from "vitest/config"

const projects: Array<TestProjectConfiguration> = ["packages/*", "apps/*"]

export default projects
