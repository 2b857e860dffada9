// Real object stores for tests.
export { findServer, serversFolder } from "./find_server.ts";
export { REAL_SERVERS, S3_SERVERS, type ServerKind, SERVERS } from "./server_kinds.ts";
export { kindsOfShare } from "../seeds.ts";
export { serverTest, sharedServer } from "./server_tests.ts";
export { type RunningServer, startServer, type StartServerOptions } from "./start_server.ts";
