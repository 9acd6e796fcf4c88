/** The metrics of delivery. No metric has a customer id as a label. */
import * as Metric from "effect/Metric"

export const backlog = Metric.gauge("trustly_delivery_backlog", { description: "Queued changes" })
export const deadLetters = Metric.gauge("trustly_delivery_dead_letters", { description: "Dead letters" })
export const oldest = Metric.gauge("trustly_delivery_oldest_seconds", {
  description: "Age of the oldest queued change in seconds, 0 when nothing is queued"
})
export const paused = Metric.gauge("trustly_delivery_paused", { description: "1 while delivery is paused, else 0" })

const counter = (name: string, description: string) => Metric.counter(name, { description, incremental: true })

export const accepted = counter("trustly_delivery_accepted", "Calls of enqueue that stored a change")
export const delivered = counter("trustly_delivery_delivered", "Delivered changes")
export const failed = counter("trustly_delivery_failed", "Changes that became dead letters")
export const retried = counter("trustly_delivery_retried", "Failed attempts that will be retried")
