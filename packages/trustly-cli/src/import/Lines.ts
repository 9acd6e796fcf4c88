/** Splits bytes into numbered lines of text. */
import * as Chunk from "effect/Chunk"
import * as Stream from "effect/Stream"

/** A line with its number, counted from 1. It has no text if it is too long or not UTF-8. */
export interface Line {
  readonly line: number
  readonly text?: string
}

const mebibyte = 1024 * 1024

/** Longest command that is imported, in bytes. */
export const maxCommandBytes = mebibyte

/** Longest line that is read, in bytes. A failure record escapes a command, which can take six times its size, and adds the error. */
export const maxBytes = 8 * mebibyte

const newline = 0x0a

const makeSplitter = () => {
  const decoder = new TextDecoder("utf-8", { fatal: true })
  let parts: Array<Uint8Array> = []
  let length = 0
  let line = 0

  // drops what is too long
  const keep = (bytes: Uint8Array) => {
    length += bytes.byteLength
    if (length <= maxBytes) parts.push(bytes)
    else parts = []
  }

  const take = (): Line => {
    line += 1
    const isTooLong = length > maxBytes
    const [first = new Uint8Array(), ...more] = parts
    const bytes = more.length === 0 ? first : Buffer.concat(parts)
    parts = []
    length = 0
    if (isTooLong) return { line }
    try {
      return { line, text: decoder.decode(bytes) }
    } catch {
      return { line }
    }
  }

  const push = (bytes: Uint8Array): ReadonlyArray<Line> => {
    const lines: Array<Line> = []
    let from = 0
    for (let to = bytes.indexOf(newline); to !== -1; to = bytes.indexOf(newline, from)) {
      keep(bytes.subarray(from, to))
      lines.push(take())
      from = to + 1
    }
    // a copy, so that the rest of the chunk can be freed
    if (from < bytes.byteLength) keep(bytes.slice(from))
    return lines
  }

  // the last line may have no newline
  const end = (): ReadonlyArray<Line> => length > 0 ? [take()] : []

  return { push, end }
}

const isBlank = ({ text }: Line): boolean => text !== undefined && text.trim() === ""

/** Splits at newlines. Blank lines are counted and left out; so is a byte order mark. */
export const split = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Line, E, R> =>
  Stream.suspend(() => {
    const { end, push } = makeSplitter()
    return bytes.pipe(
      Stream.mapChunks(Chunk.flatMap((part) => Chunk.unsafeFromArray(push(part)))),
      Stream.concat(Stream.suspend(() => Stream.fromIterable(end()))),
      Stream.filter((line) => !isBlank(line))
    )
  })
