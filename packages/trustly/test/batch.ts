import { Effect, type Exit, Ref, Stream, TestClock } from "effect"
import { type Customer, type CustomerBatch, CustomerService, type TrustlyError } from "effect-trustly"
import { minimalCustomer } from "./support.ts"

export const updateOf = (customerId: string) => ({ customerId, update: minimalCustomer })

/** A stream with one update for each of these customers, in chunks of one. */
export const updatesOf = (customerIds: Iterable<string>): Stream.Stream<ReturnType<typeof updateOf>> =>
  Stream.rechunk(Stream.map(Stream.fromIterable(customerIds), updateOf), 1)

/** This many different `customerId`s. */
export const customers = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, n) => `c${n}`)

/** A `CustomerService` whose `update` runs this effect. */
export const updating = (perform: (customerId: string) => Effect.Effect<unknown, TrustlyError>) =>
  CustomerService.layerTest({
    update: (customerId): Effect.Effect<Customer, TrustlyError> => Effect.as(perform(customerId), minimalCustomer)
  })

export const turns = (count: number) => Effect.repeatN(Effect.yieldNow(), count)

/** Runs all fibers until each of them waits. */
export const settle = TestClock.adjust(0)

interface Collected<C extends CustomerBatch.Command, E> {
  readonly results: ReadonlyArray<CustomerBatch.Result<C>>
  /** The exit of the run. */
  readonly end: Exit.Exit<void, E>
}

/** Collects the results and the exit of the run. */
export const collect = <C extends CustomerBatch.Command, E, R>(
  run: Stream.Stream<CustomerBatch.Result<C>, E, R>
): Effect.Effect<Collected<C, E>, never, R> =>
  Effect.gen(function*() {
    const results = yield* Ref.make<ReadonlyArray<CustomerBatch.Result<C>>>([])
    const end = yield* Effect.exit(Stream.runForEach(run, (result) => Ref.update(results, (all) => [...all, result])))
    return { results: yield* Ref.get(results), end }
  })

export const positions = (results: ReadonlyArray<CustomerBatch.Result>): ReadonlyArray<number> =>
  results.map(({ position }) => position)

/** A list that effects can append to. */
export const journal = <A>() =>
  Effect.map(Ref.make<ReadonlyArray<A>>([]), (entries) => ({
    write: (entry: A) => Ref.update(entries, (all) => [...all, entry]),
    entries: Ref.get(entries)
  }))
