import { BaseSequencer, type TestSpecification } from "vitest/node"

// files that wait for processes, a database, or a browser
const slow =
  /\/(browser\/.*|runners|postgres|sqlite|process|page|import|streams|crash|diskFull|Lock|database|lanes)\.test\.ts$/

const isSlow = ({ moduleId }: TestSpecification): boolean => slow.test(moduleId)

/** Starts the slow files first, so that none of them runs alone at the end while the other cores wait. */
export default class SlowFilesFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const sorted = await super.sort(files)
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))]
  }
}
