/** The metrics of the process in Prometheus' text format. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as MetricKey from "effect/MetricKey"
import type * as MetricLabel from "effect/MetricLabel"
import type * as MetricPair from "effect/MetricPair"
import * as MetricState from "effect/MetricState"
import * as Option from "effect/Option"

const escape = (text: string) => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\"", "\\\"")

const nameOf = (key: MetricKey.MetricKey.Untyped) => key.name.replaceAll(/[^\w:]/g, "_")

type Labels = ReadonlyArray<readonly [name: string, value: string]>

const sample = (name: string, labels: Labels, value: number | bigint): string => {
  const list = labels.map(([label, text]) => `${label.replaceAll(/\W/g, "_")}="${escape(text)}"`).join(",")
  return `${name}${list === "" ? "" : `{${list}}`} ${value}\n`
}

const labelOf = ({ key, value }: MetricLabel.MetricLabel) => [key, value] as const

const render = (
  { metricKey, metricState: state }: MetricPair.MetricPair.Untyped
): readonly [type: string, samples: string] => {
  const name = nameOf(metricKey)
  const labels = metricKey.tags.map(labelOf)
  const totals = (count: number, sum: number) =>
    sample(`${name}_count`, labels, count) + sample(`${name}_sum`, labels, sum)
  if (MetricState.isCounterState(state)) return ["counter", sample(name, labels, state.count)]
  if (MetricState.isGaugeState(state)) return ["gauge", sample(name, labels, state.value)]
  if (MetricState.isFrequencyState(state)) {
    return [
      "counter",
      [...state.occurrences].map(([key, count]) => sample(name, [...labels, ["key", key]], count)).join("")
    ]
  }
  if (MetricState.isHistogramState(state)) {
    const buckets = state.buckets.filter(([bound]) => Number.isFinite(bound)).map(([bound, count]) =>
      [String(bound), count] as const
    )
    const lines = [...buckets, ["+Inf", state.count] as const]
      .map(([bound, count]) => sample(`${name}_bucket`, [...labels, ["le", bound]], count))
    return ["histogram", lines.join("") + totals(state.count, state.sum)]
  }
  if (MetricState.isSummaryState(state)) {
    const lines = state.quantiles.map(([quantile, value]) =>
      sample(name, [...labels, ["quantile", String(quantile)]], Option.getOrElse(value, () => Number.NaN))
    )
    return ["summary", lines.join("") + totals(state.count, state.sum)]
  }
  return ["untyped", ""]
}

export const text: Effect.Effect<string> = Effect.map(Metric.snapshot, (pairs) => {
  const families = new Map<string, string>()
  for (const pair of pairs) {
    const name = nameOf(pair.metricKey)
    const [type, samples] = render(pair)
    const help = Option.match(pair.metricKey.description, {
      onNone: () => "",
      onSome: (description) => `# HELP ${name} ${description.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n`
    })
    families.set(name, (families.get(name) ?? `${help}# TYPE ${name} ${type}\n`) + samples)
  }
  return [...families.values()].join("")
})
