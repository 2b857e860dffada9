// Commits whose programs wrote the registries in `tests/fixtures/earlier`.

/**
 * The first marks members of releases by another key. After a change of the format, add the commit
 * before it; remove none.
 */
export const COMMITS = [
  "04ea9cf0ec66dddcb81c51885eed0d0548b99580",
  "339ea89cd7e64c83e611c1a48c7839abcd329dda",
  "b3b105589252c377af78a464f6eb6941b50da3e8",
  "62ef9125aa8ce80bd73558ae374c58d0d4d7aef8",
  "eb5b5779db367f654f0f1e0d5587eb5249c81722",
  "5920cf110d03caa8d550bcf232777a7faa391c5a",
];

/** Those whose fixtures also have a site, a token file, and what a service answered. */
export const SERVED = COMMITS.slice(4);
