import { afterAll, assert, describe, it } from "@effect/vitest"
import { Array as Arr, ConfigProvider, Context, Effect, Encoding, Layer, ManagedRuntime, Order, Redacted } from "effect"
import type { Scope } from "effect"
import { Operation } from "effect-trustly"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { readFileSync } from "node:fs"
import type { IncomingHttpHeaders, RequestListener, Server } from "node:http"
import { createServer, request as send } from "node:http"
import { refused } from "./commands.ts"
import type { Ended } from "./program.ts"
import { customer, customerId, fromJson, runWith, toJson } from "./program.ts"

/** Listens on loopback until the scope is closed. */
const listen = (listener: RequestListener): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<Server>((resume) => {
      const server = createServer(listener)
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  ).pipe(Effect.map((server) => {
    const address = server.address()
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`
  }))

interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** A collector that accepts everything. */
const collector = Effect.gen(function*() {
  const received: Array<Received> = []
  const url = yield* listen((request, response) => {
    let text = ""
    request.setEncoding("utf8").on("data", (piece: string) => {
      text += piece
    })
    request.on("end", () => {
      received.push({ path: request.url ?? "", headers: request.headers, text })
      response.setHeader("content-type", "application/json").end("{}")
    })
  })
  return { url, received }
})

/** Forwards every request to the sandbox, and keeps its headers. */
const relay = Effect.gen(function*() {
  const { url } = yield* TrustlySandbox
  const headers: Array<IncomingHttpHeaders> = []
  const origin = yield* listen((request, response) => {
    headers.push(request.headers)
    const { headers: { host: _, ...rest }, method } = request
    const onward = send(new URL(request.url ?? "", url), { method, headers: rest, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    // forwards a reset too
    onward.on("error", () => response.destroy())
    request.pipe(onward)
  })
  return { url: `${origin}${new URL(url).pathname}`, headers }
})

type Value =
  | { readonly stringValue: string }
  | { readonly intValue: number }
  | { readonly boolValue: boolean }
  | { readonly arrayValue: { readonly values: ReadonlyArray<Value> } }

type Attributes = ReadonlyArray<{ readonly key: string; readonly value: Value }>

interface Span {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly attributes: Attributes
  readonly events: ReadonlyArray<{ readonly name: string; readonly attributes: Attributes }>
  readonly status: { readonly code: number; readonly message?: string }
}

interface Metric {
  readonly name: string
  readonly sum?: { readonly dataPoints: ReadonlyArray<{ readonly attributes: Attributes; readonly asDouble: number }> }
  readonly histogram?: {
    readonly dataPoints: ReadonlyArray<{ readonly attributes: Attributes; readonly count: number }>
  }
}

const plain = (value: Value): unknown =>
  "arrayValue" in value ? value.arrayValue.values.map(plain) : Object.values(value)[0]

const attributesOf = (of: { readonly attributes: Attributes } | undefined): Readonly<Record<string, unknown>> =>
  Object.fromEntries((of?.attributes ?? []).map(({ key, value }) => [key, plain(value)]))

const bodies = (received: ReadonlyArray<Received>, path: string) =>
  received.filter((request) => request.path === path).map(({ text }) => fromJson(text))

const spansOf = (received: ReadonlyArray<Received>): ReadonlyArray<Span> =>
  bodies(received, "/v1/traces").flatMap(({ resourceSpans }) => resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans).flatMap(({ spans }) => spans)

const metricsOf = (received: ReadonlyArray<Received>): ReadonlyArray<Metric> =>
  bodies(received, "/v1/metrics").flatMap(({ resourceMetrics }) => resourceMetrics)
    .flatMap(({ scopeMetrics }) => scopeMetrics).flatMap(({ metrics }) => metrics)
    .filter(({ name }: Metric) => name.startsWith("trustly."))

const sorted = (texts: ReadonlyArray<string>) => Arr.sort(texts, Order.string)

/** Each point of a metric, as `name tag=value: number`. */
const pointsOf = (received: ReadonlyArray<Received>): ReadonlyArray<string> =>
  sorted(
    metricsOf(received).flatMap(({ histogram, name, sum }) => {
      const points = [
        ...sum?.dataPoints.map((point) => ({ ...point, value: point.asDouble })) ?? [],
        ...histogram?.dataPoints.map((point) => ({ ...point, value: point.count })) ?? []
      ]
      return points.map((point) => {
        const tags = Object.entries(attributesOf(point)).map(([tag, value]) => ` ${tag}=${value}`)
        return `${name}${sorted(tags).join("")}: ${point.value}`
      })
    })
  )

interface Run {
  readonly ended: Ended
  readonly received: ReadonlyArray<Received>
}

const secret = { accessId: "sentinel-id", accessKey: Redacted.make("sentinel-key") }

const marked = {
  ...customer,
  name: "sentinel-name",
  email: "sentinel@example.com",
  phone: "sentinel-phone",
  address: { country: "US", address1: "sentinel-street", city: "sentinel-city", zip: "sentinel-zip" },
  customData: { "sentinel-property": "sentinel" }
}

/** Runs the program with a collector of its own. */
const exported = (args: ReadonlyArray<string>, options?: Parameters<typeof runWith>[1]) =>
  Effect.gen(function*() {
    const { received, url } = yield* collector
    const ended = yield* runWith([...args, "--otlp", url], options)
    return { ended, received }
  })

class Runs extends Context.Tag("Runs")<Runs, {
  readonly changed: Run
  readonly replaced: Run
  readonly missing: Run
  /** The headers of the requests of the first run. */
  readonly headers: ReadonlyArray<IncomingHttpHeaders>
  /** Every text in a customer of the sandbox. */
  readonly values: ReadonlyArray<string>
}>() {
  static readonly layer = Layer.scoped(
    Runs,
    Effect.gen(function*() {
      const { customers, fail } = yield* TrustlySandbox
      const { headers, url } = yield* relay
      const before = yield* customers
      yield* fail({ fault: { _tag: "Status", status: 503 }, operation: "update" })
      const change = ["--vip", "2", "--city", "sentinel-city"]
      const changed = yield* exported(["update", customerId, ...change], { env: { TRUSTLY_BASE_URL: url } })
      yield* fail({ fault: { _tag: "Reset" }, operation: "update" })
      const replaced = yield* exported(["update", customerId, "--from", "-"], { stdin: toJson(marked) })
      const missing = yield* exported(["get", "sentinel-customer"])
      const texts = toJson([before, yield* customers]).match(/(?<=:")[^"]{4,}(?=")/g) ?? []
      return { changed, replaced, missing, headers, values: texts.filter((text) => /\D/.test(text)) }
    })
  ).pipe(Layer.provide(TrustlySandbox.layer(secret)))
}

const sent = ["address", "vip", "name", "email", "phone"]

describe("a collector receives", () => {
  const runtime = ManagedRuntime.make(Runs.layer)
  afterAll(() => runtime.dispose())
  const runs = Effect.provide(Runs, runtime)

  it.live("one trace of a run, each attempt a span below that of the command", () =>
    Effect.gen(function*() {
      const { changed: { ended, received } } = yield* runs
      assert.strictEqual(ended.status, 0, ended.stderr)
      const spans = spansOf(received)
      const [failed, succeeded, root] = spans
      assert.deepStrictEqual(spans.map(({ kind, name }) => ({ kind, name })), [
        { kind: 3, name: "CustomerService.modify" },
        { kind: 3, name: "CustomerService.modify" },
        { kind: 1, name: "trustly-customers update" }
      ])
      assert.strictEqual(root?.parentSpanId, undefined)
      assert.deepStrictEqual(root?.attributes, [])
      for (const attempt of [failed, succeeded]) {
        assert.strictEqual(attempt?.traceId, root?.traceId)
        assert.strictEqual(attempt?.parentSpanId, root?.spanId)
      }
      assert.deepInclude(attributesOf(failed), {
        "url.template": "/customers/{customerId}",
        "http.response.status_code": 503,
        "error.type": "TrustlyServerError",
        "trustly.fields": sent
      })
      assert.deepStrictEqual(failed?.status, {
        code: 2,
        message: "CustomerService.modify: Trustly failed (HTTP 503, code 100)"
      })
      assert.deepStrictEqual(attributesOf(succeeded), {
        "url.template": "/customers/{customerId}",
        "http.response.status_code": 200,
        "trustly.fields": sent
      })
    }))

  it.live("calls by result, their duration, and retries", () =>
    Effect.gen(function*() {
      const { changed, replaced } = yield* runs
      assert.deepStrictEqual(pointsOf(changed.received), [
        "trustly.client.duration operation=modify: 2",
        "trustly.client.requests operation=modify result=Success: 1",
        "trustly.client.requests operation=modify result=TrustlyServerError: 1",
        "trustly.client.retries operation=modify: 1"
      ])
      assert.deepStrictEqual(pointsOf(replaced.received), [
        "trustly.client.duration operation=update: 2",
        "trustly.client.requests operation=update result=Success: 1",
        "trustly.client.requests operation=update result=TrustlyNetworkError: 1",
        "trustly.client.retries operation=update: 1"
      ])
    }))

  it.live("no HTTP status without a response", () =>
    Effect.gen(function*() {
      const { replaced: { ended, received } } = yield* runs
      assert.strictEqual(ended.status, 0, ended.stderr)
      const spans = spansOf(received)
      const [failed] = spans
      assert.deepStrictEqual(spans.map(({ name }) => name), [
        "CustomerService.update",
        "CustomerService.update",
        "trustly-customers update"
      ])
      assert.notProperty(attributesOf(failed), "http.response.status_code")
      assert.strictEqual(attributesOf(failed)["error.type"], "TrustlyNetworkError")
      assert.sameMembers(Object.keys(marked), Object(attributesOf(failed)["trustly.fields"]))
    }))

  it.live("the type of the error of a failed command", () =>
    Effect.gen(function*() {
      const { missing: { ended, received } } = yield* runs
      assert.strictEqual(ended.status, 1)
      assert.match(ended.stderr, /^[^\n]+not found[^\n]+\n$/)
      const root = spansOf(received).find(({ parentSpanId }) => parentSpanId === undefined)
      assert.strictEqual(root?.name, "trustly-customers get")
      assert.strictEqual(attributesOf(root)["error.type"], "TrustlyNotFoundError")
      assert.deepStrictEqual(root?.status, { code: 2, message: "TrustlyNotFoundError" })
    }))

  it.live("no value of a customer, no credential, no identifier", () =>
    Effect.gen(function*() {
      const { changed, replaced, values } = yield* runs
      assert.includeMembers([...values], ["John Smith", "jsmith@email.com", marked.taxId, marked.name])
      const credentials = Encoding.encodeBase64(`${secret.accessId}:${Redacted.value(secret.accessKey)}`)
      for (const { path, text } of [...changed.received, ...replaced.received]) {
        for (const value of ["sentinel", customerId, credentials, ...values]) {
          assert.isFalse(text.includes(value), `${path} holds ${value}`)
        }
      }
    }))

  it.live(
    "the identifier of an unknown customer, only in the text of that error",
    () =>
      Effect.gen(function*() {
        const { missing: { received } } = yield* runs
        const text = received.map((request) => request.text).join("\n")
        assert.include(text, "sentinel-customer not found")
        assert.notInclude(text.replaceAll("customer sentinel-customer not found", ""), "sentinel")
      })
  )

  it.live("no span of its own requests, and Trustly no trace headers", () =>
    Effect.gen(function*() {
      const { changed, headers, missing, replaced } = yield* runs
      const received = [changed, replaced, missing].flatMap((run) => run.received)
      assert.deepStrictEqual(new Set(received.map(({ path }) => path)), new Set(["/v1/traces", "/v1/metrics"]))
      assert.lengthOf(headers, 4)
      for (const sentTo of [...headers, ...received.map((request) => request.headers)]) {
        assert.deepStrictEqual(Object.keys(sentTo).filter((name) => /trace|b3|baggage/i.test(name)), [])
      }
      for (const { name } of spansOf(received)) assert.match(name, /^(CustomerService|trustly-customers)\b/)
    }))

  it.live("exactly the names that the guide lists", () =>
    Effect.gen(function*() {
      const { changed, missing, replaced } = yield* runs
      const received = [changed, replaced, missing].flatMap((run) => run.received)
      const guide = readFileSync(new URL("../../../docs/observability.md", import.meta.url), "utf8")
      const listed = (heading: string): ReadonlyArray<string> =>
        guide.split(/^#+ /m).filter((section) => section.startsWith(`${heading}\n`))
          .flatMap((section) => Array.from(section.matchAll(/^\| `([^`]+)`/gm), ([, name = ""]) => name))

      assert.sameMembers([...listed("Spans")], [
        ...Operation.literals.map((operation) => `CustomerService.${operation}`),
        "trustly-customers get",
        "trustly-customers update",
        "trustly-customers import"
      ])
      for (const { name } of spansOf(received)) assert.include(listed("Spans"), name)

      const emitted = new Set(
        spansOf(received).flatMap(({ attributes, events }) =>
          [...attributes, ...events.flatMap((event) => event.attributes)].map(({ key }) => key)
        )
      )
      assert.sameMembers([...listed("Attributes"), ...listed("What an exporter adds")], [...emitted])

      assert.sameMembers([...listed("Metrics")], [...new Set(metricsOf(received).map(({ name }) => name))])
      const tags = new Set(pointsOf(received).flatMap((point) => point.match(/\w+(?==)/g) ?? []))
      assert.sameMembers([...listed("Tags")], [...tags])
    }))
})

describe("a command does not fail because of a collector", () => {
  it.live("that does not listen", () =>
    Effect.gen(function*() {
      const ended = yield* runWith(["get", customerId, "--json", "--otlp", "http://127.0.0.1:1"])
      assert.strictEqual(ended.stderr, "--otlp: traces or metrics may be missing: no response from the collector\n")
      assert.strictEqual(fromJson(ended.stdout).name, "John Smith")
      assert.strictEqual(ended.status, 0)
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.live("that refuses", () =>
    Effect.gen(function*() {
      const url = yield* listen((_, response) => response.writeHead(403).end())
      const ended = yield* runWith(["get", customerId], { env: { OTEL_EXPORTER_OTLP_ENDPOINT: url } })
      assert.strictEqual(ended.stderr, "--otlp: traces or metrics may be missing: HTTP 403 from the collector\n")
      assert.match(ended.stdout, /^customer 1001165729\n/)
      assert.strictEqual(ended.status, 0)
    }).pipe(Effect.scoped, Effect.provide(TrustlySandbox.layer())))

  it.live("that never responds: it reports its failure first, and then ends all the same", () =>
    Effect.gen(function*() {
      let abandoned = 0
      const url = yield* listen((request, response) => {
        response.on("close", () => abandoned++)
        request.resume()
      })
      const ended = yield* runWith(["get", "42", "--otlp", url])
      assert.match(ended.stderr, /^CustomerService\.get: [^\n]+\n--otlp: [^\n]+ no response from the collector\n$/)
      assert.strictEqual(ended.status, 1)
      assert.strictEqual(abandoned, 2)
    }).pipe(Effect.scoped, Effect.provide(TrustlySandbox.layer())))
})

describe("an invalid collector URL is refused", () => {
  const line = /^(--otlp|OTEL_EXPORTER_OTLP_ENDPOINT): expected an http or https URL without user name/
  for (
    const url of [
      "sentinel",
      "ftp://sentinel",
      "http://sentinel@host",
      "http://:sentinel@host",
      "http://host/?sentinel"
    ]
  ) {
    it.effect(url, () =>
      Effect.gen(function*() {
        const fromEnvironment = refused(["get", "1"]).pipe(
          Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["OTEL_EXPORTER_OTLP_ENDPOINT", url]])))
        )
        for (const { message, status } of [yield* refused(["get", "1", "--otlp", url]), yield* fromEnvironment]) {
          assert.match(message, line)
          assert.notMatch(message, /\n|sentinel/)
          assert.strictEqual(status, 2)
        }
      }))
  }
})
