/**
 * The names of the service for gateways: routes, answers and checks. A gateway is a protocol of other
 * programs, such as that of the Hugging Face Hub, which `createHandler` takes.
 *
 * @module
 */
export { Answer, type ProblemFields } from "./server/answer.ts";
export type { Access, ReadablePages, Right, RouteScope } from "./server/access/access.ts";
export type { TokenProof } from "./server/access/token_file.ts";
export { route } from "./server/describe.ts";
export type { ParamOf, RequestFault, Route, ValueOf } from "./server/describe.ts";
export type { AddedFile, AddedFiles } from "./server/files/added_files.ts";
export type { AskedVersion, OpenPages } from "./server/files/opened.ts";
export type { RedirectedClient, RedirectTo } from "./server/files/redirect.ts";
export type { GatewayMemory, MemoryKind, MethodsOf } from "./server/memory/service_memory.ts";
export type { BegunRead, BegunReads } from "./server/memory/begun_reads.ts";
export type { CommittedDraft, CommittedDrafts } from "./server/memory/committed_drafts.ts";
export type { Windows } from "./server/streams.ts";
export type { Fault } from "../core/errors.ts";
export type { Hints } from "../core/hints/reasons.ts";
export { RefusedRequest } from "./server/problem.ts";
export { RouteContext } from "./server/gateways/gateway.ts";
export type {
  Content,
  DescribedAnswer,
  Gateway,
  GatewayContext,
  OpenGateway,
  RequestInfo,
  RequestPlaces,
  RouteDescription,
  RouteEntry,
  Routes,
  SentRequest,
} from "./server/gateways/gateway.ts";
