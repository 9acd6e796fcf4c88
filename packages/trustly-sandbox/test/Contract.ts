/** Compares the API that an OpenAPI document describes with another contract. */
import { Array as Arr, Order, Record, Schema } from "effect"

export interface JsonSchema {
  readonly $ref?: string
  readonly anyOf?: ReadonlyArray<JsonSchema>
  readonly allOf?: ReadonlyArray<JsonSchema>
  readonly type?: string
  readonly properties?: Schemas
  readonly required?: ReadonlyArray<string>
  readonly items?: JsonSchema
  readonly [keyword: string]: unknown
}

interface Schemas {
  readonly [name: string]: JsonSchema
}

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
const nested = Schema.suspend(() => JsonSchema)
const named = Schema.Record({ key: Schema.String, value: nested })

const JsonSchema: Schema.Schema<JsonSchema> = Schema.Struct({
  $ref: optional(Schema.String),
  anyOf: optional(Schema.Array(nested)),
  allOf: optional(Schema.Array(nested)),
  type: optional(Schema.String),
  properties: optional(named),
  required: optional(Schema.Array(Schema.String)),
  items: optional(nested)
}, { key: Schema.String, value: Schema.Unknown })

const Input = Schema.Struct({ required: Schema.Boolean, schema: JsonSchema })

type Input = typeof Input.Type

/** An API as its operations, their inputs and responses, and the schemas. */
export interface Contract extends Schema.Schema.Type<typeof Contract> {}

export const Contract = Schema.Struct({
  servers: Schema.Array(Schema.String),
  security: Schema.String,
  operations: Schema.Record({
    key: Schema.String,
    value: Schema.Struct({
      call: Schema.String,
      // keyed by location and name
      inputs: Schema.Record({ key: Schema.String, value: Input }),
      answers: named
    })
  }),
  schemas: named
})

const Content = Schema.Struct({ "application/json": Schema.Struct({ schema: JsonSchema }) })

export const OpenApiDocument = Schema.Struct({
  servers: Schema.Array(Schema.Struct({ url: Schema.String })),
  paths: Schema.Record({
    key: Schema.String,
    value: Schema.Record({
      key: Schema.String,
      value: Schema.Struct({
        operationId: Schema.String,
        parameters: Schema.Array(
          Schema.Struct({ name: Schema.String, in: Schema.String, description: Schema.String, ...Input.fields })
        ),
        security: Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Unknown })),
        requestBody: optional(Schema.Struct({ required: Schema.Boolean, content: Content })),
        responses: Schema.Record({ key: Schema.String, value: Schema.Struct({ content: Content }) })
      })
    })
  }),
  components: Schema.Struct({
    schemas: named,
    securitySchemes: Schema.Record({
      key: Schema.String,
      value: Schema.Struct({ type: Schema.String, scheme: Schema.String })
    })
  })
})

export const ofOpenApi = (document: typeof OpenApiDocument.Type): Contract => {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation }))
  )
  const schemes = operations.map(({ security }) => security.flatMap(Object.keys).join(" or ") || "none")
  return {
    servers: document.servers.map(({ url }) => url),
    security: Arr.dedupe(schemes).map((name) => {
      const scheme = document.components.securitySchemes[name]
      return scheme === undefined ? name : `${scheme.type} ${scheme.scheme}`
    }).join(" or "),
    operations: Record.fromEntries(
      operations.map(({ method, operationId, parameters, path, requestBody, responses }) => [operationId, {
        call: `${method.toUpperCase()} ${path}`,
        inputs: Record.fromEntries([
          ...parameters.map(({ in: place, name, required, schema }) =>
            [`${place} ${name}`, { required, schema }] as const
          ),
          ...(requestBody === undefined ? [] : [
            ["body", {
              required: requestBody.required,
              schema: requestBody.content["application/json"].schema
            }] as const
          ])
        ]),
        answers: Record.map(responses, ({ content }) => content["application/json"].schema)
      }])
    ),
    schemas: document.components.schemas
  }
}

export const nameOf = ($ref: string): string => $ref.slice($ref.lastIndexOf("/") + 1)

/** A schema merged with the schemas that it refers to and its alternatives. */
interface Shape {
  readonly name: string | undefined
  readonly types: ReadonlyArray<string>
  readonly keywords: { readonly [name: string]: string }
  readonly properties: Schemas
  readonly required: ReadonlyArray<string>
  readonly items: JsonSchema | undefined
}

const shapeOf = (schema: JsonSchema, schemas: Schemas): Shape => {
  const { $ref, allOf = [], anyOf = [], description: _d, items, properties, required, title: _t, type, ...more } =
    schema
  const referred = $ref === undefined ? [] : [schemas[nameOf($ref)] ?? { type: `undefined ${$ref}` }]
  const members = [...referred, ...anyOf, ...allOf].map((member) => shapeOf(member, schemas))
  const objects = members.filter(({ types }) => types.includes("object"))
  const needed = [...objects.map((object) => object.required), ...(properties === undefined ? [] : [required ?? []])]
  const types = Arr.dedupe([...members.flatMap((member) => member.types), ...(type === undefined ? [] : [type])])
  return {
    name: $ref === undefined ? members.find(({ name }) => name !== undefined)?.name : nameOf($ref),
    types: Arr.sort(types, Order.string),
    keywords: Record.fromEntries([
      ...members.flatMap(({ keywords }) => Object.entries(keywords)),
      // allowing unknown keys is the default
      ...Object.entries(more).filter(([keyword, value]) => keyword !== "additionalProperties" || value !== true)
        .map(([keyword, value]) => [keyword, String(value)] as const)
    ]),
    properties: Record.fromEntries(
      [...objects.map((object) => object.properties), properties ?? {}].flatMap(Object.entries)
    ),
    required: needed.reduce((every, names) => Arr.intersection(every, names), needed[0] ?? []),
    items: items ?? members.find((member) => member.items !== undefined)?.items
  }
}

type Lines = ReadonlyArray<string>

const placed = (names: ReadonlyArray<string>) => Record.fromEntries(names.map((name) => [name, name]))

const items = (shape: Shape): Schemas => shape.items === undefined ? {} : { items: shape.items }

const unequal = (label: string, here: string, there: string): Lines =>
  here === there ? [] : [`${label}: ${here} here, ${there} there`]

const eachOf = <A>(
  here: { readonly [name: string]: A },
  there: { readonly [name: string]: A },
  label: (name: string) => string,
  compare: (here: A, there: A, label: string, name: string) => Lines
): Lines =>
  Arr.dedupe([...Object.keys(here), ...Object.keys(there)]).flatMap((name) => {
    const [a, b] = [here[name], there[name]]
    return a === undefined
      ? [`${label(name)}: there only`]
      : b === undefined
      ? [`${label(name)}: here only`]
      : compare(a, b, label(name), name)
  })

const typeOf = ({ types }: Shape): string => types.filter((name) => name !== "null").join(" or ")

const nullOf = ({ types }: Shape): string => types.includes("null") ? "null" : "no null"

const presence = (required: boolean): string => required ? "required" : "optional"

/**
 * Every difference between two contracts, one per line. A difference in a named object is listed once, under the name of the
 * first.
 */
export const differences = (here: Contract, there: Contract): Lines => {
  const schemas = (a: JsonSchema, b: JsonSchema, at: string): Lines => {
    const [one, other] = [shapeOf(a, here.schemas), shapeOf(b, there.schemas)]
    const label = one.name !== undefined && one.types.includes("object") ? one.name : at
    const keywords = Arr.union(Object.keys(one.keywords), Object.keys(other.keywords))
    return [
      ...unequal(at, nullOf(one), nullOf(other)),
      ...unequal(at, `type ${typeOf(one)}`, `type ${typeOf(other)}`),
      ...keywords.flatMap((name) =>
        unequal(`${at}: ${name}`, one.keywords[name] ?? "none", other.keywords[name] ?? "none")
      ),
      ...eachOf(one.properties, other.properties, (name) => `${label}.${name}`, (x, y, of, name) => [
        ...unequal(of, presence(one.required.includes(name)), presence(other.required.includes(name))),
        ...schemas(x, y, of)
      ]),
      ...eachOf(items(one), items(other), () => `${at}[]`, schemas)
    ]
  }
  const input = (a: Input, b: Input, label: string): Lines => [
    ...unequal(label, presence(a.required), presence(b.required)),
    ...schemas(a.schema, b.schema, label)
  ]
  return Arr.dedupe([
    ...eachOf(placed(here.servers), placed(there.servers), (url) => `server ${url}`, () => []),
    ...unequal("security", here.security, there.security),
    ...eachOf(here.operations, there.operations, (name) => name, (a, b, name) => [
      ...unequal(name, a.call, b.call),
      ...eachOf(a.inputs, b.inputs, (place) => `${name} ${place}`, input),
      ...eachOf(a.answers, b.answers, (status) => `${name} ${status}`, schemas)
    ])
  ])
}
