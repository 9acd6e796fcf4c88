import { rejected, rejectedUnknown } from "../expectations.ts"
import type { Ports, Scenario } from "../Scenario.ts"
import { goodBody, httpResponse, onRequest, write } from "../wire.ts"

const statuses = [301, 302, 303, 307, 308]

const targets: Readonly<Record<string, (ports: Ports) => string>> = {
  "to another path": ({ self }) => `http://127.0.0.1:${self}/api/v1/elsewhere`,
  "to itself": ({ self }) => `http://127.0.0.1:${self}/api/v1/customers/1002580963`,
  "to another host": ({ other }) => `http://127.0.0.1:${other}/api/v1/customers/1002580963`,
  "to another host, with credentials in the URL": ({ other }) => `http://user:pass@127.0.0.1:${other}/`,
  "to another host, without a scheme": ({ other }) => `//127.0.0.1:${other}/`,
  "to a relative path": () => "elsewhere",
  "to https": ({ other }) => `https://127.0.0.1:${other}/`,
  "to an empty location": () => "",
  "to a data URL": () => "data:application/json,{}",
  "to an invalid URL": () => "http://[",
  "to a non-ASCII URL": () => "http://\xe9\xff/\x01".replace("\x01", "")
}

/** The targets that every status is tested with. 301 and 307 are tested with all targets. */
const commonTargets = new Set(["to itself", "to another path", "to another host"])

// a server sends 303 after it has processed the request
const expectedError = (status: number) => status === 303 ? rejectedUnknown(status) : rejected(status)

const redirect = (status: number, name: string, target: (ports: Ports) => string, body = ""): Scenario => ({
  name: `${status} ${name}`,
  plays: (ports) => onRequest(write(httpResponse(status, body, { location: target(ports) }))),
  expected: [expectedError(status)]
})

export const redirects: ReadonlyArray<Scenario> = [
  ...statuses.flatMap((status) => [
    ...Object.entries(targets).filter(([name]) => status === 301 || status === 307 || commonTargets.has(name)).map(
      ([name, target]) => redirect(status, name, target)
    ),
    {
      name: `${status} without a location`,
      plays: onRequest(write(httpResponse(status))),
      expected: [expectedError(status)]
    },
    redirect(status, "to another host, with a good body", ({ other }) => `http://127.0.0.1:${other}/`, goodBody)
  ]),
  ...[300, 304, 305, 306, 310, 399].map((status) =>
    redirect(status, "to another host", ({ other }) => `http://127.0.0.1:${other}/`)
  ),
  {
    name: "302 with two locations",
    plays: ({ other }) =>
      onRequest(
        write(`HTTP/1.1 302 Found\r\nlocation: /a\r\nlocation: http://127.0.0.1:${other}/\r\ncontent-length: 0\r\n\r\n`)
      ),
    expected: [rejected(302)]
  },
  {
    name: "200 with a Refresh and a Content-Location",
    plays: ({ other }) =>
      onRequest(
        write(
          httpResponse(418, "", {
            refresh: `0;url=http://127.0.0.1:${other}/`,
            "content-location": `http://127.0.0.1:${other}/`
          })
        )
      ),
    expected: [rejected(418)]
  }
]
