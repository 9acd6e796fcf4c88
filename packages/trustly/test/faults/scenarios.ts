import type { Certificates } from "./certificates.ts"
import type { Scenario } from "./Scenario.ts"
import { bodies } from "./scenarios/bodies.ts"
import { compression } from "./scenarios/compression.ts"
import { redirects } from "./scenarios/redirects.ts"
import { silence } from "./scenarios/silence.ts"
import { statuses } from "./scenarios/statuses.ts"
import { tls } from "./scenarios/tls.ts"
import { transport } from "./scenarios/transport.ts"

/** The fault table, by theme. */
export const themes = (certificates: Certificates): Readonly<Record<string, ReadonlyArray<Scenario>>> => ({
  transport,
  silence,
  bodies,
  compression,
  statuses,
  redirects,
  tls: tls(certificates)
})
