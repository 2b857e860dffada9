// Typed artifacts: one definition of a name and how its values are stored, used by all of a
// program. The class is your own, and so is its materializer. Run it with `deno run
// examples/typed_artifact.ts`.
import {
  createMemoryBackend,
  defineArtifact,
  defineMaterializer,
  openRegistry,
} from "@holdfast/holdfast";
import { ndarray } from "@holdfast/holdfast/materializers";

/** Words and how often each was seen. */
class Vocabulary {
  readonly counts: ReadonlyMap<string, number>;
  constructor(counts: ReadonlyMap<string, number>) {
    this.counts = counts;
  }
  /** The word that was seen most. */
  mostSeen(): string {
    return [...this.counts].reduce((best, next) => next[1] > best[1] ? next : best)[0];
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One line a word: people can read the file, and so can other programs. */
const vocabulary = defineMaterializer<Vocabulary>({
  id: "example/vocabulary",
  class: Vocabulary,
  save: ({ counts }) => [{
    path: "vocabulary.tsv",
    content: encoder.encode([...counts].map(([word, count]) => `${word}\t${count}\n`).join("")),
    mediaType: "text/tab-separated-values",
  }],
  async load(artifact) {
    const lines = decoder.decode(await artifact.file("vocabulary.tsv").bytes()).split("\n").slice(
      0,
      -1,
    );
    return new Vocabulary(
      new Map(lines.map((line) => line.split("\t")).map(([word, count]) => [word, Number(count)])),
    );
  },
});

const words = defineArtifact("language:words", vocabulary);
const weights = defineArtifact("language:weights", ndarray());

await using registry = await openRegistry(createMemoryBackend());
registry.materializers.register(vocabulary);

await registry.save(words, new Vocabulary(new Map([["hold", 3], ["fast", 5]])));
await registry.save(weights, {
  data: Float32Array.of(0.5, 1, 1.5, 2, 2.5, 3),
  shape: [2, 3],
  dtype: "float32",
});

const loaded = await registry.load(words); // a Vocabulary, for the compiler too
console.log("most seen:", loaded.mostSeen());
const { shape, dtype } = await registry.load(weights);
console.log("weights:  ", shape.join(" × "), dtype);

// The materializer's id is in the record, so a load by name finds it too. That one gives `unknown`.
const again = await registry.load("language:words@1.0.0");
console.log("by name:  ", again instanceof Vocabulary);
