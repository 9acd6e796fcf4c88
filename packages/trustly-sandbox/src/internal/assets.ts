/** The files of the page. */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { CustomerFields } from "effect-trustly"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { extname } from "node:path"

// sources, compiled modules, and the bundled command are all two folders below the package
const folder = new URL("../../page/", import.meta.url)

const contentTypes: ReadonlyMap<string, string> = new Map([
  [".html", "text/html; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".svg", "image/svg+xml"]
])

type Asset = readonly [path: `/${string}`, response: HttpServerResponse.HttpServerResponse]

// made here, so that the page has no list of its own
const customerFields: Asset = [
  "/customerFields.js",
  HttpServerResponse.text(`export const all = ${JSON.stringify(CustomerFields.all)}\n`, {
    contentType: contentTypes.get(".js")
  })
]

/** Path and response of each file; `index.html` is served at the root. */
export const load: Effect.Effect<ReadonlyArray<Asset>> = Effect.sync(() => [
  customerFields,
  ...readdirSync(folder).flatMap((name): ReadonlyArray<Asset> => {
    const contentType = contentTypes.get(extname(name))
    if (contentType === undefined) return []
    const response = HttpServerResponse.uint8Array(readFileSync(new URL(name, folder)), { contentType })
    return [[name === "index.html" ? "/" : `/${name}`, response]]
  })
])
