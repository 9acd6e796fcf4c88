/** The dead-letter page, and the page and document of the API. They load nothing from another host. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiSwagger from "@effect/platform/HttpApiSwagger"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { readFileSync } from "node:fs"

const files = [
  { path: "/", name: "index.html", contentType: "text/html; charset=utf-8" },
  { path: "/page.css", name: "page.css", contentType: "text/css; charset=utf-8" },
  { path: "/page.js", name: "page.js", contentType: "text/javascript; charset=utf-8" },
  { path: "/icon.svg", name: "icon.svg", contentType: "image/svg+xml" }
] as const

const folder = new URL("../page/", import.meta.url)

const page = HttpApiBuilder.Router.use((router) =>
  Effect.forEach(
    files,
    ({ contentType, name, path }) =>
      router.get(path, HttpServerResponse.uint8Array(readFileSync(new URL(name, folder)), { contentType })),
    {
      discard: true
    }
  )
)

const ownFiles = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
// the viewer has its script and styles inside of its document
const viewer = `${ownFiles}; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:`

/** The content security policy of a page. */
export const policyOf = (path: string): string => path === "/docs" ? viewer : ownFiles

export const layer = Layer.mergeAll(
  page,
  HttpApiSwagger.layer({ path: "/docs" }),
  HttpApiBuilder.middlewareOpenApi({ path: "/openapi.json" })
)
