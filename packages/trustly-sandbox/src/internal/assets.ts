/** The files of the page, as they are in the package. */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { extname } from "node:path"

// the same place from the sources and from what is built of them
const folder = new URL("../../page/", import.meta.url)

const contentTypes: ReadonlyMap<string, string> = new Map([
  [".html", "text/html; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".svg", "image/svg+xml"]
])

type File = readonly [path: `/${string}`, file: HttpServerResponse.HttpServerResponse]

/** Path and answer of each file; `index.html` is the root. */
export const load: Effect.Effect<ReadonlyArray<File>> = Effect.sync(() =>
  readdirSync(folder).flatMap((name): ReadonlyArray<File> => {
    const contentType = contentTypes.get(extname(name))
    if (contentType === undefined) return []
    const file = HttpServerResponse.uint8Array(readFileSync(new URL(name, folder)), { contentType })
    return [[name === "index.html" ? "/" : `/${name}`, file]]
  })
)
