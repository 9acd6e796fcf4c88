/**
 * Encrypts payloads with AES-256-GCM. The receipt and the customer id are additional authenticated data, so a payload copied
 * to another row does not decrypt. The database stores key ids, never keys.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from "node:crypto"

const algorithm = "aes-256-gcm"
const ivBytes = 12
const tagBytes = 16
const keyBytes = 32

interface Key {
  readonly id: string
  readonly encryption: Uint8Array
  readonly digest: Uint8Array
}

const derive = (secret: Buffer, purpose: string, bytes: number): Buffer =>
  Buffer.from(hkdfSync("sha256", secret, "", `effect-trustly-delivery ${purpose}`, bytes))

const parseKey = (key: Redacted.Redacted, index: number): Either.Either<Key, string> => {
  // throws for a key that was wiped
  const text = Option.getOrElse(Option.liftThrowable(() => Redacted.value(key))(), () => "")
  const secret = Buffer.from(text, "base64")
  // Buffer ignores invalid base64 characters, so encode the result again and compare
  return secret.length === keyBytes && secret.toString("base64") === text.trim()
    ? Either.right({
      id: derive(secret, "id", 6).toString("hex"),
      encryption: derive(secret, "encryption", keyBytes),
      digest: derive(secret, "digest", keyBytes)
    })
    : Either.left(`key ${index + 1} must be 32 bytes in base64`)
}

/** The row that a payload belongs to. */
interface Owner {
  readonly receipt: string
  readonly customerId: string
}

const additionalData = ({ customerId, receipt }: Owner): Buffer => Buffer.from(JSON.stringify([receipt, customerId]))

const digestWith = (key: Key, text: string): string => createHmac("sha256", key.digest).update(text).digest("base64")

export interface Keyring {
  readonly has: (keyId: string) => boolean
  readonly encrypt: (owner: Owner, text: string) => { readonly keyId: string; readonly payload: Uint8Array }
  readonly decrypt: (owner: Owner, keyId: string, payload: Uint8Array) => Option.Option<string>
  /** Returns a keyed digest. A plain hash would let anyone with access to the database guess short values. */
  readonly digest: (text: string) => string
  /** Whether `digest`, made with the given key, is the digest of `text`. False if that key is not in the keyring. */
  readonly matches: (keyId: string, digest: string, text: string) => boolean
}

/** Fails with a message that names the position of the invalid key and the problem, never the value. */
export const make = (
  secrets: readonly [Redacted.Redacted, ...ReadonlyArray<Redacted.Redacted>]
): Either.Either<Keyring, string> =>
  Either.gen(function*() {
    const [first, ...rest] = secrets
    const current = yield* parseKey(first, 0)
    const earlier = yield* Either.all(rest.map((secret, index) => parseKey(secret, index + 1)))
    const keys = new Map([...earlier, current].map((key) => [key.id, key]))

    return {
      has: (keyId) => keys.has(keyId),
      encrypt: (owner, text) => {
        const iv = randomBytes(ivBytes)
        const cipher = createCipheriv(algorithm, current.encryption, iv).setAAD(additionalData(owner))
        const encrypted = Buffer.concat([cipher.update(text, "utf8"), cipher.final()])
        return { keyId: current.id, payload: Buffer.concat([iv, cipher.getAuthTag(), encrypted]) }
      },
      decrypt: (owner, keyId, payload) =>
        Option.flatMap(
          Option.fromNullable(keys.get(keyId)),
          Option.liftThrowable((key) => {
            const iv = payload.subarray(0, ivBytes)
            const tag = payload.subarray(ivBytes, ivBytes + tagBytes)
            const decipher = createDecipheriv(algorithm, key.encryption, iv, { authTagLength: tagBytes })
              .setAAD(additionalData(owner)).setAuthTag(tag)
            const encrypted = payload.subarray(ivBytes + tagBytes)
            return Buffer.concat([decipher.update(encrypted), decipher.final()]).toString("utf8")
          })
        ),
      digest: (text) => digestWith(current, text),
      matches: (keyId, digest, text) => {
        const key = keys.get(keyId)
        return key !== undefined && digestWith(key, text) === digest
      }
    }
  })

/** Hashes a value that is not secret but can be long, or contain data that the caller did not mean to store. */
export const fingerprint = (text: string): string => createHash("sha256").update(text).digest("base64")
