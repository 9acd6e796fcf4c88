/** The fields that can be changed, as the library's schema declares them. */
import { CustomerChange } from "effect-trustly"
import * as Option from "effect/Option"
import * as AST from "effect/SchemaAST"

export interface Field {
  /** Such as `vip` or `address.city`. */
  readonly path: string
  readonly description: string
  readonly isClearable: boolean
  readonly isSecret: boolean
}

/** Trustly masks these. They never come in as options, because command lines show in process lists and shell histories. */
const secrets: ReadonlySet<string> = new Set(["taxId", "nationalId", "dateOfBirth", "driverLicense.number"])

const members = (ast: AST.AST): ReadonlyArray<AST.AST> => AST.isUnion(ast) ? ast.types : [ast]

const signaturesOf = (ast: AST.AST): ReadonlyArray<AST.PropertySignature> =>
  members(ast).flatMap((member) => AST.isTypeLiteral(member) ? member.propertySignatures : [])

const fieldsOf = (ast: AST.AST, group = ""): ReadonlyArray<Field> =>
  signaturesOf(ast).flatMap((signature) => {
    const path = `${group}${String(signature.name)}`
    const nested = fieldsOf(signature.type, `${path}.`)
    const field: Field = {
      path,
      description: Option.getOrElse(AST.getDescriptionAnnotation(signature), () => path),
      isClearable: members(signature.type).includes(AST.null),
      isSecret: secrets.has(path)
    }
    return nested.length === 0 ? [field] : [field, ...nested]
  })

const read: ReadonlyArray<Field> = fieldsOf(CustomerChange.ast)

const isGroup = ({ path }: Field): boolean => read.some((other) => other.path.startsWith(`${path}.`))

/** Fields with a value of their own: `address.city`, not `address`. */
export const values: ReadonlyArray<Field> = read.filter((field) => !isGroup(field))

/** Fields that `null` clears. A group is cleared as a whole if its members cannot be. */
export const clearable: ReadonlyArray<Field> = read.filter(({ isClearable }) => isClearable)

export const groups: ReadonlySet<string> = new Set(read.filter(isGroup).map(({ path }) => path))

export const isSecret = (path: string): boolean => secrets.has(path)
