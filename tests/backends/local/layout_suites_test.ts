// The suite for backends, in each way in which a folder keeps keys: `../local_test.ts` runs it in the usual one.
import { createLocalBackend, type LocalBackendOptions } from "../../../backends/local.ts";
import { testCases } from "../../conformance/backend/backend_case.ts";
import { createCases } from "../../conformance/backend/creates.ts";
import { keyCases } from "../../conformance/backend/keys.ts";
import { listingCases } from "../../conformance/backend/listing.ts";
import { optionalCases } from "../../conformance/backend/optional.ts";
import { verbCases } from "../../conformance/backend/verbs.ts";
import { kindsOfShare } from "../../support/seeds.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { below } from "./below.ts";

let root: TempRoot;

function test(name: string, run: () => Promise<void>): void {
  testInRoot(name, (own) => {
    root = own;
    return run();
  });
}

function open(options: Partial<LocalBackendOptions> = {}) {
  return createLocalBackend({ path: root.join("store"), durability: "os", ...options });
}

/** The tail of a key is one name there: no key of a registry has several long segments in it. */
const shortKeyCases = keyCases.filter(({ name }) => !/up to 900 bytes/.test(name));
/** A key without "/" is its own cell. In a folder it is not. */
const listingsBelow = listingCases.filter(({ name }) => !/of heads has/.test(name));
const FOLDERS = ["names/a/versions/final/", "names/a/keys/", "objects/a/"];
for (const folder of kindsOfShare("folders", FOLDERS)) {
  testCases(
    [...verbCases, ...createCases, ...listingsBelow, ...shortKeyCases],
    { test, open: () => Promise.resolve(below(folder, open())) },
    {
      name: `local, below ${folder}`,
      capabilities: ["sweepUploads", "getFirst", "reserve", "copy"],
      largeBytes: 2 ** 20,
    },
  );
}
testCases(
  [...verbCases, ...createCases, ...listingCases, ...keyCases],
  { test, open: () => Promise.resolve(open({ layout: "plain" })) },
  {
    name: "local in plain paths",
    capabilities: ["sweepUploads", "getFirst", "reserve", "copy"],
    largeBytes: 2 ** 20,
  },
);
testCases(
  [...verbCases, ...createCases, ...optionalCases],
  { test, open: () => Promise.resolve(open({ durability: "disk" })) },
  {
    name: "local with links, waiting for the disk",
    capabilities: ["sweepUploads", "sync", "getFirst", "reserve", "copy"],
  },
);
