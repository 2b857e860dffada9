// The border of the service: the names that a gateway may use, beside core/kernel.ts. The entry point ./gateways has
// those that gateways of other programs need too.
export { MOST_SENT_FILES } from "../../core/calls/file_limit.ts";
export { denied, readableNames } from "./access/access.ts";
export type { Access, ReadableArtifact, Right } from "./access/access.ts";
export { checkStillAllowed, checkWrites, whileAllowed } from "./access/guard_route.ts";
export { Answer } from "./answer.ts";
export { route } from "./describe.ts";
export type { RouteDescription } from "./describe.ts";
export { answerEvents, EVENTS_TYPE } from "./event_stream.ts";
export { contentType } from "./files/media.ts";
export { checkGoesOn, isFirst } from "./files/moving_reads.ts";
export { isExact } from "./files/opened.ts";
export type { AskedVersion } from "./files/opened.ts";
export { answerVersionFile, etagOf } from "./files/version_file.ts";
export type { AnsweredFile } from "./files/version_file.ts";
export { RouteContext } from "./gateways/gateway.ts";
export type { Gateway, GatewayContext, Routes } from "./gateways/gateway.ts";
export { checkUploadSize } from "./guard/body_limit.ts";
export { answerListing, endless, listing, textOf } from "./listing.ts";
export { answerInPlace } from "./guard/in_place.ts";
export { RefusedRequest } from "./problem.ts";
export { nameIn, publicUrl } from "./routing.ts";
export { fromBase64, openSentFiles, passThrough } from "./saving/sent_files.ts";
export { Amount, JsonObject, Moment, Sha256, Text } from "./schemas/artifact.ts";
export { atMost, check, count, described, object, page, pageFields } from "./schemas/listing.ts";
export { oneBehind } from "./streams.ts";
export { noUpload } from "./uploads/own_upload.ts";
export { queueAnswer } from "./within_time.ts";
