import type { Issue } from "effect-trustly"

/** An issue on one line; `root` names the whole value. */
export const describeIssue = (root: string) => ({ expected, path, problem }: Issue): string =>
  `${path === "" ? root : path}: ${expected === undefined ? problem : `expected ${expected}`}`
