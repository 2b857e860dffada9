import { assertEquals } from "@std/assert";
import { refusal, standInTest, xml } from "./stand_in.ts";

standInTest("unfinished uploads have the size of their parts, if it may be read", async (start) => {
  const upload = (key: string) =>
    `<Upload><Key>${key}</Key><UploadId>u</UploadId>` +
    "<Initiated>2026-01-01T00:00:00Z</Initiated></Upload>";
  const part = (size: number) => `<Part><PartNumber>1</PartNumber><Size>${size}</Size></Part>`;
  const store = await start(({ line, query }) => {
    if (query.has("uploads")) {
      return xml("ListMultipartUploadsResult", ["paged", "ended", "denied"].map(upload).join(""));
    }
    if (line.includes("/ended")) return refusal(404, "NoSuchUpload");
    if (line.includes("/denied")) return refusal(403, "AccessDenied");
    const more = "<IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker>";
    return xml(
      "ListPartsResult",
      query.has("part-number-marker") ? part(5) : part(7) + part(8) + more,
    );
  });
  const options = { olderThan: Infinity, dryRun: true };
  const uploads = await Array.fromAsync(store.backend.sweepUploads!(options));
  assertEquals(uploads.map(({ key, size }) => [key, size]), [["paged", 20], ["denied", undefined]]);
});
