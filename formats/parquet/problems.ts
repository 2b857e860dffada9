// What is wrong with parts of a file, for whoever knows the file, the column and the row to say so.
/** A page that is damaged. */
export class PageProblem extends Error {}

/** What a file says about itself is damaged. */
export class ThriftProblem extends Error {
  /** Whether the bytes ended too early. */
  readonly isCut: boolean;

  /** Creates it. */
  constructor(state: string, isCut = false) {
    super(state);
    this.isCut = isCut;
  }
}
