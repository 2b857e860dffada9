// Loads every module that the registry imports on first use. Loading takes real time, during which
// virtual time would pass: the first run of a seed would differ from its repetitions.
import "../../disk/download_files.ts";
import "../../core/calls/as_of.ts";
import "../../core/calls/load_limit.ts";
import "../../registry/contract/make_value.ts";
import "../../registry/cache/entries.ts";
import "../../registry/operations/look/digest.ts";
import "../../registry/operations/drafts/open_draft.ts";
import "../../registry/operations/lineage.ts";
import "../../registry/operations/look/deleted_versions.ts";
import "../../registry/operations/look/diff.ts";
import "../../registry/operations/look/log.ts";
import "../../registry/operations/look/past.ts";
import "../../registry/operations/undelete/undelete.ts";
import "../../registry/maintenance/collect_garbage.ts";
import "../../registry/maintenance/prune.ts";
import "../../registry/maintenance/space.ts";
import "../../verification/verify.ts";
import "../../mirrors/mirror.ts";
import "../../mirrors/mirror_name.ts";
import "../../mirrors/by_contract.ts";
import "../../registry/maintenance/change_settings.ts";
import "../../registry/maintenance/probe/probe.ts";
import "../../transfers/presign_download.ts";
import "../../transfers/uploads.ts";
