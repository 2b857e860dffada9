"""Hints for Python programs, by the reason that a service sends."""

from __future__ import annotations

import re
from typing import Any

from ..core.shapes import is_dict

TOKEN = "Sign in with `holdfast login URL`, or pass a token: token=…, or HOLDFAST_TOKEN."
ALIASES = "Check the spelling, or list aliases(name)."
VERSIONS = "Check the spelling, or list versions(name)."
OPERATOR = "Ask the operator of the service."
LATER = "Try again later, or ask the operator of the service."
FORCE = "or pass force=True."
READ = "Read its files: open(ref).file(path).read()."

REASONS = {
    "name_missing": "Check the spelling, or list names().",
    "version_missing": VERSIONS,
    "version_deleted": "Restore it while its files are there: undelete('{name}@{version}').",
    "alias_missing": ALIASES,
    "alias_unknown": ALIASES,
    "alias_dangling": "Point it to another version: set_alias(name, alias, version).",
    "alias_never_moved": "List its changes: history(name, alias).",
    "alias_target_deleted": "Point it to another version of versions(name).",
    "alias_target_earlier": "Point it to the last one left: set_alias(name, alias, {version!r}).",
    "not_a_release": "For a file of it: open({release!r}).file({member!r}).",
    "past_unknown": "List the history with versions(name) or history(name, alias).",
    "looks_like_a_date": "To read as of a date, pass as_of=datetime.fromisoformat({day!r}).",
    "version_exists": "Omit version to save the next one, or pass another version.",
    "version_replaceable": "Pass on_conflict='overwrite' to replace it, or another version.",
    "value_fixed": "Values are never replaced here: use another name.",
    "value_replaceable": "Pass on_conflict='overwrite' to replace it.",
    "not_mutable": "Save another version: this registry never overwrites one.",
    "held_by_alias": f"Point the alias to another version first, {FORCE}",
    "held_by_release": f"Delete the release first, {FORCE}",
    "alias_protected": "Pass force=True, with a token that has the scope promote:NAME.",
    "promotion_refused": "Meet the conditions of the rule.",
    "rule_incomplete": "Give the rule something to protect, or to keep.",
    "rule_missing": "List the rules of the registry.",
    "rule_gives_up": "Set these members too, or replace the rule.",
    "protected": f"Change the rule, {FORCE}",
    "outcome_unknown": "Read it again to see the outcome before you repeat it.",
    "damaged": "{finding} Ask the operator to repair it from a mirror, or save the value again.",
    "object_unreadable": LATER,
    "too_large_to_load": READ,
    "several_objects": READ,
    "store_timeout": LATER,
    "store_unreachable": LATER,
    "store_silent": LATER,
    "store_full": OPERATOR,
    "bucket_missing": OPERATOR,
    "bucket_elsewhere": OPERATOR,
    "access_key_unknown": OPERATOR,
    "signature_mismatch": OPERATOR,
    "s3_credentials_missing": OPERATOR,
    "gcs_credentials_missing": OPERATOR,
    "credentials_unusable": OPERATOR,
    "token_missing": TOKEN,
    "scope_missing": "Pass a token with the scope {scope}: token=…, or HOLDFAST_TOKEN.",
    "origin_refused": OPERATOR,
    "page_may_not_write": OPERATOR,
    "route_missing": "Check the URL of the service.",
    "upload_too_large": "Ask the operator of the service for a larger limit.",
    "run_missing": "Check the name of the run.",
    "run_step_missing": "Check the name of the step.",
    "run_ended": "The run has a result already.",
    "run_value_differs": "Use another id, or call update(…, replace=True) on the run.",
    "logged_run_missing": "Call runs() to list the runs. Finished runs are versions.",
}


CHECK = "Check the arguments."
SPELLING = "Check the spelling, or list names(), versions(name) or aliases(name)."

HINTS = {
    r"Authorization": "Pass a token that may do this: token=…, or HOLDFAST_TOKEN.",
    r"^Save fewer files at once": "Join them in archives, or save them as several versions.",
    r"^Send large files": "Save large values as versions of their own, and pass their refs.",
    r"^Pass plain JSON, .* Save larger data": "Save larger data as a version of its own.",
    r"is only read: by load": "Read a member of a release with load, open or download.",
}
"""Hints for Python instead of those of the service, of errors without a reason."""

FOREIGN = re.compile(
    r"\b(GET|HEAD|PUT|POST|PATCH|DELETE)\b|/openapi|\?\w+=|content-type|\bETag"
    r"|\b[a-z]+[A-Z]\w*|\b(await|new|undefined|null) |[{\[] ?\w+:|: true|\bregistry\.\w"
    r"|(^|\s)--[a-z]"
)
"""Words of HTTP, TypeScript and the command line, which a program in Python cannot follow."""


def usual_hint(code: str) -> str:
    if code == "Conflict":
        return "Read it again, and repeat what still applies."
    if code == "Denied":
        return TOKEN
    if code in ("Corrupt", "Unavailable"):
        return LATER
    return SPELLING if code == "NotFound" else CHECK


def in_python(hint: str, code: str) -> str:
    """Returns a hint of a service for Python programs."""
    own = next((own for pattern, own in HINTS.items() if re.search(pattern, hint)), None)
    if own is None and FOREIGN.search(re.sub(r'"(?:[^"\\]|\\.)*"', "", hint)):  # not in its names
        own = usual_hint(code)
    return hint if own is None else own


def kind_of(reason: Any) -> str:
    kind = reason.get("kind") if is_dict(reason) else None
    return kind if isinstance(kind, str) else ""


def hint_for(reason: Any) -> str:
    """Returns the hint for a reason, empty for one of a later release."""
    words = REASONS.get(kind_of(reason), "")
    try:
        return words.format(**{name: str(value) for name, value in reason.items()}) if words else ""
    except KeyError:  # the service sent too few names
        return ""
