import * as Zlib from "node:zlib"
import { brokenOrCut, decode, decodeAny, type Expected, succeeds } from "../expectations.ts"
import type { Scenario } from "../Scenario.ts"
import { answer, goodBody, head, onRequest, write } from "../wire.ts"

const packed = (
  name: string,
  encoding: string,
  body: string | Uint8Array,
  expected: ReadonlyArray<Expected>
): Scenario => ({
  name,
  plays: onRequest(write(answer(200, body, { "content-encoding": encoding }))),
  expected
})

// it was not asked for: unpacked under the limit, or refused
const unpackedOrRefused: ReadonlyArray<Expected> = [succeeds(), decode("Encoding")]
const corrupt: ReadonlyArray<Expected> = [decode("Encoding"), ...brokenOrCut]
const gzip = Zlib.gzipSync(goodBody)
const flipped = Buffer.from(gzip)
flipped.fill(0xaa, 40, 60)

/** A gzip stream that unpacks to this many MiB of zeros, made without having them all in memory. */
export const bomb = (mebibytes: number): Uint8Array => {
  const block = Zlib.deflateRawSync(Buffer.alloc(2 ** 20), { finishFlush: Zlib.constants.Z_FULL_FLUSH })
  return Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
    ...Array.from({ length: mebibytes }, () => block),
    Zlib.deflateRawSync(Buffer.alloc(0)),
    Buffer.alloc(8)
  ])
}

export const compression: ReadonlyArray<Scenario> = [
  packed("gzip that was not asked for", "gzip", gzip, unpackedOrRefused),
  packed("deflate that was not asked for", "deflate", Zlib.deflateSync(goodBody), unpackedOrRefused),
  packed("brotli that was not asked for", "br", Zlib.brotliCompressSync(goodBody), unpackedOrRefused),
  packed("gzip twice", "gzip, gzip", Zlib.gzipSync(gzip), unpackedOrRefused),
  packed("gzip in capitals", "GZIP", gzip, unpackedOrRefused),
  packed("x-gzip", "x-gzip", gzip, unpackedOrRefused),
  packed("identity", "identity", goodBody, [succeeds()]),
  packed("an empty content-encoding", "", goodBody, [succeeds()]),
  packed("plain JSON that says gzip", "gzip", goodBody, corrupt),
  packed("plain JSON that says deflate", "deflate", goodBody, corrupt),
  packed("plain JSON that says brotli", "br", goodBody, corrupt),
  packed("plain JSON in an encoding that nobody knows", "novel", goodBody, unpackedOrRefused),
  packed("plain JSON in six encodings", "gzip,gzip,gzip,gzip,gzip,gzip", goodBody, corrupt),
  packed("bytes that say gzip", "gzip", Buffer.from([1, 2, 3, 4]), corrupt),
  packed("gzip with a flipped byte", "gzip", flipped, corrupt),
  packed("gzip cut short", "gzip", gzip.subarray(0, -30), corrupt),
  packed("gzip without its checksum", "gzip", gzip.subarray(0, -8), [...corrupt, succeeds()]),
  packed("gzip with bytes after it", "gzip", Buffer.concat([gzip, Buffer.from("xxxxxxxx")]), [...corrupt, succeeds()]),
  packed("an empty body that says gzip", "gzip", "", [decode("Empty"), ...corrupt]),
  packed("gzip that does not say so", "identity", gzip, decodeAny().filter(({ reason }) => reason === "Encoding")),
  {
    name: "a transfer coding that nobody asked for",
    plays: onRequest(
      write(head(200, { "transfer-encoding": "gzip, chunked" })),
      write(`${gzip.length.toString(16)}\r\n`),
      write(gzip),
      write("\r\n0\r\n\r\n")
    ),
    expected: [...corrupt, succeeds()]
  },
  {
    name: "gzip of 40 KB that unpacks to 40 MiB",
    plays: onRequest(write(answer(200, bomb(40), { "content-encoding": "gzip" }))),
    expected: [decode("TooLarge"), decode("Encoding")]
  }
]
