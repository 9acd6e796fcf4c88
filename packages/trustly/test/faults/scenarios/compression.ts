import * as Zlib from "node:zlib"
import { brokenOrCut, decode, decodeAny, type Expected, succeeds } from "../expectations.ts"
import type { Scenario } from "../Scenario.ts"
import { goodBody, head, httpResponse, onRequest, write } from "../wire.ts"

const compressed = (
  name: string,
  encoding: string,
  body: string | Uint8Array,
  expected: ReadonlyArray<Expected>
): Scenario => ({
  name,
  plays: onRequest(write(httpResponse(200, body, { "content-encoding": encoding }))),
  expected
})

// the client did not request compression: it may decompress up to the limit, or fail
const decompressedOrRejected: ReadonlyArray<Expected> = [succeeds(), decode("Encoding")]
const corrupt: ReadonlyArray<Expected> = [decode("Encoding"), ...brokenOrCut]
const gzip = Zlib.gzipSync(goodBody)
const corrupted = Buffer.from(gzip)
corrupted.fill(0xaa, 40, 60)

/** A gzip stream that decompresses to this many MiB of zeros, built without holding them all in memory. */
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
  compressed("unrequested gzip", "gzip", gzip, decompressedOrRejected),
  compressed("unrequested deflate", "deflate", Zlib.deflateSync(goodBody), decompressedOrRejected),
  compressed("unrequested brotli", "br", Zlib.brotliCompressSync(goodBody), decompressedOrRejected),
  compressed("gzip twice", "gzip, gzip", Zlib.gzipSync(gzip), decompressedOrRejected),
  compressed("uppercase GZIP", "GZIP", gzip, decompressedOrRejected),
  compressed("x-gzip", "x-gzip", gzip, decompressedOrRejected),
  compressed("identity", "identity", goodBody, [succeeds()]),
  compressed("an empty content-encoding", "", goodBody, [succeeds()]),
  compressed("plain JSON labeled as gzip", "gzip", goodBody, corrupt),
  compressed("plain JSON labeled as deflate", "deflate", goodBody, corrupt),
  compressed("plain JSON labeled as brotli", "br", goodBody, corrupt),
  compressed("plain JSON with an unknown content-encoding", "novel", goodBody, decompressedOrRejected),
  compressed("plain JSON labeled with six encodings", "gzip,gzip,gzip,gzip,gzip,gzip", goodBody, corrupt),
  compressed("invalid bytes labeled as gzip", "gzip", Buffer.from([1, 2, 3, 4]), corrupt),
  compressed("gzip with corrupted bytes", "gzip", corrupted, corrupt),
  compressed("truncated gzip", "gzip", gzip.subarray(0, -30), corrupt),
  compressed("gzip without its checksum", "gzip", gzip.subarray(0, -8), [...corrupt, succeeds()]),
  compressed("gzip with trailing bytes", "gzip", Buffer.concat([gzip, Buffer.from("xxxxxxxx")]), [
    ...corrupt,
    succeeds()
  ]),
  compressed("an empty body labeled as gzip", "gzip", "", [decode("Empty"), ...corrupt]),
  compressed("gzip labeled as identity", "identity", gzip, decodeAny().filter(({ reason }) => reason === "Encoding")),
  {
    name: "an unrequested transfer coding",
    plays: onRequest(
      write(head(200, { "transfer-encoding": "gzip, chunked" })),
      write(`${gzip.length.toString(16)}\r\n`),
      write(gzip),
      write("\r\n0\r\n\r\n")
    ),
    expected: [...corrupt, succeeds()]
  },
  {
    name: "40 KB of gzip that decompress to 40 MiB",
    plays: onRequest(write(httpResponse(200, bomb(40), { "content-encoding": "gzip" }))),
    expected: [decode("TooLarge"), decode("Encoding")]
  }
]
