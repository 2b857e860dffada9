// Registries, versions and files of the Python package in other processes.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../mod.ts";
import { pythonTest, runProgram, served } from "./reader.ts";

const PROGRAM = `
import copy, multiprocessing, pickle, sys
import holdfast

def read(artifact):
    file = artifact.file("data.bin")
    return artifact.load()[:2], file.range(9_000_000, 2), file.size

if __name__ == "__main__":
    for location in sys.argv[1:]:
        registry = holdfast.open_registry(location)
        expected = read(registry.open("a"))
        kept = [registry, registry.open("a"), registry.open("a").files[0], registry.artifacts("a"),
            registry.history("a", "b"), registry.search("kind=bytes")]
        for each in kept:
            for made in (pickle.loads(pickle.dumps(each)), copy.deepcopy(each)):
                assert type(made) is type(each)
        assert pickle.loads(pickle.dumps(kept[2])).read() == kept[2].read()
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(pool.map(read, kept[3]) == [expected])
`;

pythonTest("versions and files are pickled, and read in other processes", async (root) => {
  const place = root.join("registry");
  await using registry = await openRegistry(place, { cache: false });
  await registry.save("a", new Uint8Array(10_000_000).fill(7));
  await registry.setAlias("a", "b", "1.0.0");
  await using service = served(registry);
  const options = { args: [place, service.location], env: { HOLDFAST_TOKEN: service.token! } };
  assertEquals(await runProgram(PROGRAM, options), ["True", "True"]);
});
