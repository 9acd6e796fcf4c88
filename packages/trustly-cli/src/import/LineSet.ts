/** A set of line numbers, a bit for each: there can be millions. */
export interface LineSet {
  readonly add: (line: number) => void
  readonly has: (line: number) => boolean
}

export const make = (): LineSet => {
  let bytes = new Uint8Array(1024)
  return {
    add: (line) => {
      const at = line >> 3
      if (at >= bytes.length) {
        const more = new Uint8Array(Math.max(bytes.length * 2, at + 1))
        more.set(bytes)
        bytes = more
      }
      bytes[at] = (bytes[at] ?? 0) | (1 << (line & 7))
    },
    has: (line) => ((bytes[line >> 3] ?? 0) & (1 << (line & 7))) !== 0
  }
}
