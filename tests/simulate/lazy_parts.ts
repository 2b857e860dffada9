// Loads every module that the registry imports on first use. Loading takes real time, during which
// virtual time would go on: on a busy machine the first run of a seed would differ from its
// repetitions.
import "../../core/disk/download_files.ts";
import "../../core/record/as_of.ts";
import "../../core/record/load_limit.ts";
import "../../core/record/make_value.ts";
import "../../registry/cache/entries.ts";
import "../../registry/digest.ts";
import "../../registry/drafts/open_draft.ts";
import "../../registry/lineage.ts";
import "../../registry/lineage/rebuild.ts";
import "../../registry/look/diff.ts";
import "../../registry/look/log.ts";
import "../../registry/look/past.ts";
import "../../registry/look/ref_like.ts";
import "../../registry/maintenance/collect_garbage.ts";
import "../../registry/maintenance/prune.ts";
import "../../registry/maintenance/space.ts";
import "../../registry/maintenance/verify.ts";
import "../../registry/mirror.ts";
import "../../registry/mirror/by_contract.ts";
import "../../registry/opening/change_settings.ts";
import "../../registry/probe.ts";
import "../../registry/transfer/commit_upload.ts";
import "../../registry/transfer/create_upload.ts";
import "../../registry/transfer/presign_download.ts";
import "../../registry/transfer/resumable/uploads.ts";
