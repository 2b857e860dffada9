// The version of `msgpackr-extract` that BullMQ is to get: of 3.0.7, which it would take, some
// optional packages were never published, and Deno resolves those of all platforms. This must be
// imported before BullMQ.
import "npm:msgpackr-extract@3.0.4";
