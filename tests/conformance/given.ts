// How the suites write their cases.
interface AnyCase {
  readonly name: string;
  run(context: never): Promise<void>;
}

/** Creates a case: a sentence of the contract, and what throws where it is not kept. */
export function given<C extends AnyCase>(
  name: string,
  run: C["run"],
  more?: Omit<C, keyof AnyCase>,
): C {
  return { name, run, ...more } as C;
}
