/** What the tests of imports share: imports in this process or as a process, each test with a sandbox of its own. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { it } from "@effect/vitest"
import type { Scope } from "effect"
import { Deferred, Effect, Layer, Schedule } from "effect"
import type { TrustlyConfig } from "effect-trustly"
import { CustomerService } from "effect-trustly"
import { type FaultRuleError, TrustlySandbox } from "effect-trustly-sandbox"
import * as Report from "../../src/Report.ts"
import { runInProcess } from "../commands.ts"
import type { Ended, Options, Running } from "../program.ts"
import { customerId, runWith } from "../program.ts"

export const invented = (at: number): string => `${1_003_000_001 + at}`

export const other = invented(0)

export const change = (vip: number, id = customerId) => ({ customerId: id, change: { vip } })

export const read = (file: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(file))

export const exists = (file: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.exists(file))

export const tierOf = (id: string) =>
  Effect.flatMap(
    TrustlySandbox,
    ({ customers }) => Effect.map(customers, (all) => all.find((one) => one.customerId === id)?.vip)
  )

/** Runs an import in this process, against the sandbox. */
export const imports = (
  args: ReadonlyArray<string>,
  options: Partial<TrustlyConfig.Options> = {}
): Effect.Effect<Ended, never, TrustlySandbox> =>
  Effect.gen(function*() {
    const { accessId, accessKey, url } = yield* TrustlySandbox
    const customers = CustomerService.layer({ accessId, accessKey, baseUrl: url, ...options }).pipe(
      Layer.provide(NodeHttpClient.layerUndici)
    )
    const { failure, stdout } = yield* runInProcess(["import", ...args], customers)
    const problem = failure === undefined ? undefined : Report.problem(failure)
    return { status: problem?.status ?? 0, stdout, stderr: problem === undefined ? "" : `${problem.message}\n` }
  })

export const summaryOf = ({ stdout }: Ended): string => stdout.split("\n")[0] ?? ""

/** Waits until the sandbox has received so many requests. */
export const received = (count: number) =>
  Effect.flatMap(
    TrustlySandbox,
    ({ requests }) =>
      Effect.repeat(requests, { until: (all) => all.length >= count, schedule: Schedule.spaced("20 millis") })
  )

/** Starts an import as a process, and returns it with what it ends with. */
export const startImport = (args: ReadonlyArray<string>, options: Options = {}) =>
  Effect.gen(function*() {
    const started = yield* Deferred.make<Running>()
    const ended = yield* Effect.fork(runWith(["import", ...args], {
      ...options,
      onStart: (process) => Deferred.unsafeDone(started, Effect.succeed(process))
    }))
    return { ended, process: yield* Deferred.await(started) }
  })

/** A test in a folder of its own, with a sandbox of its own. */
export const test = (
  what: string,
  body: () => Effect.Effect<
    void,
    PlatformError.PlatformError | FaultRuleError,
    TrustlySandbox | FileSystem.FileSystem | Scope.Scope
  >
) =>
  it.scopedLive(
    what,
    () => Effect.provide(body(), Layer.merge(TrustlySandbox.layer({ seed: 20 }), NodeContext.layer))
  )

/** Another user than root, for whom the modes of files do not count. */
export const uid = process.getuid?.() === 0 ? 65_534 : undefined
