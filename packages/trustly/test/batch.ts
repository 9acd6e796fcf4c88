import { Effect, type Exit, Ref, Stream, TestClock } from "effect"
import { type Customer, type CustomerBatch, CustomerService, type TrustlyError } from "effect-trustly"
import { least } from "./support.ts"

export const updateOf = (customerId: string) => ({ customerId, update: least })

/** Updates of these customers, read one at a time. */
export const updatesOf = (customerIds: Iterable<string>): Stream.Stream<ReturnType<typeof updateOf>> =>
  Stream.rechunk(Stream.map(Stream.fromIterable(customerIds), updateOf), 1)

/** So many different customers. */
export const customers = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, n) => `c${n}`)

/** A service whose updates do this. */
export const updating = (perform: (customerId: string) => Effect.Effect<unknown, TrustlyError>) =>
  CustomerService.layerTest({
    update: (customerId): Effect.Effect<Customer, TrustlyError> => Effect.as(perform(customerId), least)
  })

export const turns = (count: number) => Effect.repeatN(Effect.yieldNow(), count)

/** Lets everything go on until all of it waits. */
export const settle = TestClock.adjust(0)

interface Collected<C extends CustomerBatch.Command, E> {
  readonly results: ReadonlyArray<CustomerBatch.Result<C>>
  /** How the run ended. */
  readonly end: Exit.Exit<void, E>
}

/** The results, and how the run ended. */
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

/** A list to write to. */
export const journal = <A>() =>
  Effect.map(Ref.make<ReadonlyArray<A>>([]), (entries) => ({
    write: (entry: A) => Ref.update(entries, (all) => [...all, entry]),
    entries: Ref.get(entries)
  }))
