// The border of the service: the names that a gateway may use, beside core/kernel.ts. The entry point ./gateways has
// those that gateways of other programs need too.
/** Schemas for requests and answers, beside those of valibot. */
import * as schema from "./schemas/mod.ts";

export { MOST_SENT_FILES } from "../../core/calls/file_limit.ts";
export { cacheFolder } from "../../disk/cache_folder.ts";
export { denied, patternProblem, readableNames, readablePages } from "./access/access.ts";
export { checkStillAllowed, checkWrites, passwordAsToken } from "./access/guard_route.ts";
export { whileAllowed } from "./access/guard_route.ts";
export { SealedLinks } from "./access/sealed_links.ts";
export { sentBy } from "./access/sender.ts";
export { tarHeader } from "../../formats/archive/tar_write.ts";
export { answerEvents } from "./event_stream.ts";
export { isScript } from "./files/harmless.ts";
export { contentType } from "./files/media.ts";
export { checkGoesOn, isFirst } from "./files/moving_reads.ts";
export { isExact } from "./files/opened.ts";
export { fileAt, hasFiles, isFile, walkFiles } from "./files/walk_files.ts";
export { answerVersionFile, etagOf } from "./files/version_file.ts";
export { checkUploadSize } from "./guard/body_limit.ts";
export { createLedger } from "./guard/ledger.ts";
export { answerListing, endless, listing, textOf } from "./listing.ts";
export { answerInPlace } from "./guard/in_place.ts";
export { nameIn, publicUrl } from "./routing.ts";
export { REPEATED, savedAnswer, unreadState } from "./saving/saved_answer.ts";
export { aliasesOf, checkNamed, ofCondition } from "./saving/save_sent.ts";
export { fromBase64, openSentFiles, passThrough } from "./saving/sent_files.ts";
export { FILE } from "./schemas/request_values.ts";
export { oneBehind } from "./streams.ts";
export { noUpload } from "./uploads/own_upload.ts";
export { queueAnswer } from "./within_time.ts";
export { schema };
