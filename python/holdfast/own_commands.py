"""The commands that need Python alone, for installations without the program."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from .artifacts.registry import Registry
from .core.errors import HoldfastError, quoted
from .core.metadata import to_metadata
from .core.printable import printable, printable_json, printable_text
from .files.file import value_files
from .locations import open_registry

INSTALL = "pip install 'holdfast-registry[cli]'"


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        super().error(f"{message}\nhint: See --help. For all commands run: {INSTALL}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line, and returns its exit code."""
    parser = Parser(
        prog="python -m holdfast",
        description="Reads and writes a registry.",
        epilog=f"For all commands of Holdfast run: {INSTALL}",
    )
    registry_help = "folder, bucket or URL of a service (default: $HOLDFAST_REGISTRY)"
    parser.add_argument("-r", "--registry", metavar="LOCATION", help=registry_help)
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("ls", help="list names")
    listing.add_argument("prefix", nargs="?", default="")
    versions = commands.add_parser("versions", help="list versions, the highest first")
    versions.add_argument("name")
    versions.add_argument("range", nargs="?")
    commands.add_parser("aliases", help="list aliases").add_argument("name")
    commands.add_parser("info", help="show a version and its files").add_argument("ref")
    load = commands.add_parser("load", help="print a file of a version")
    load.add_argument("ref")
    load.add_argument("path", nargs="?", help="not needed if there is one file")
    download = commands.add_parser("download", help="write the files of a version")
    download.add_argument("ref")
    download.add_argument("to", help="a new folder")
    download.add_argument("--links", choices=("safe", "unsafe", "skip"), default="safe")
    commands.add_parser("search", help="find versions by words, metadata.KEY>3").add_argument(
        "query"
    )
    save = commands.add_parser("save", help="save a file or a folder through a service")
    save.add_argument("name")
    save.add_argument("path", help="the file or folder")
    save.add_argument("--version", help="the version (default: the next one)")
    save.add_argument("--alias", action="append", help="set an alias to it")
    save.add_argument(
        "--metadata",
        metavar="KEY=TEXT",
        action="append",
        default=[],
        help="KEY:=JSON for other values: epochs:=3",
    )
    save.add_argument("--key", help="idempotency key: a repeat returns the first result")
    options = parser.parse_args(arguments)
    out: Any = sys.stdout
    if hasattr(out, "reconfigure"):  # its encoding may lack letters of a name
        out.reconfigure(errors="backslashreplace")
    try:
        for line in run(open_registry(options.registry), options):
            print(printable_text(line) if sys.stdout.isatty() else line)
        sys.stdout.flush()
        return 0
    except HoldfastError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:  # of standard output, or of the disk of a download
        if not isinstance(error, BrokenPipeError):  # `head` has ended, which is no error
            place = f" {quoted(str(error.filename))}" if error.filename else ""
            print(f"error: Cannot {options.command}{place}: {error.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("error: Interrupted", file=sys.stderr)
        return 130


def run(registry: Registry, options: argparse.Namespace) -> Iterator[str]:
    """Runs a command, and yields the lines that it prints."""
    if options.command == "ls":
        yield from registry.names(options.prefix)
    elif options.command == "versions":
        yield from registry.versions(options.name, options.range)
    elif options.command == "aliases":
        for alias, version in registry.aliases(options.name).items():
            yield f"{alias}\t{version}"
    elif options.command == "info":
        artifact = registry.open(options.ref)
        yield f"{artifact.ref}  {artifact.size} bytes  {artifact.created_at}  {artifact.digest}"
        yield printable_json(to_metadata(artifact.metadata))
        for file in artifact.files:
            yield f"{file.sha256}  {file.size}  {file.mode or '-'}  {printable(file.path)}"
    elif options.command == "load":
        artifact = registry.open(options.ref)
        files = value_files(artifact)
        if options.path is None and len(files) != 1:
            message = f"Cannot print {quoted(artifact.ref)}: it has {len(artifact.files)} files"
            hint = f"Run `download {artifact.ref} FOLDER`, or add the path of one file."
            raise HoldfastError("Invalid", message, hint)
        file = files[0] if options.path is None else artifact.file(options.path)
        for chunk in file.chunks():
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    elif options.command == "search":
        for found in registry.search(options.query):
            yield f"{found.ref}\t{printable_json(to_metadata(found.metadata))}"
    elif options.command == "save":
        yield save_path(registry, options)
    else:
        for path in registry.download(options.ref, options.to, options.links):
            state = "is a link that leaves the folder, or links are skipped"
            yield f"left out: {printable(path)} {state}"


def entry_of(text: str) -> tuple[str, Any]:
    """Returns the key and the value of `key=text` or `key:=JSON`."""
    match = re.fullmatch(r"([^=:][^=]*?)(:?=)(.*)", text, re.DOTALL)
    message = f"Cannot read metadata {quoted(text)}"
    hint = "Write key=text, or key:=JSON for other values: epochs:=3."
    if match is None:
        raise HoldfastError("Invalid", f"{message}: expected key=value", hint)
    key, sign, value = match.groups()
    try:
        return key, value if sign == "=" else json.loads(value)
    except ValueError as error:
        raise HoldfastError("Invalid", f"{message}: not JSON after := ({error})", hint) from error


def save_path(registry: Any, options: argparse.Namespace) -> str:
    metadata = {}
    for each in options.metadata:
        key, value = entry_of(each)
        metadata[key] = value
    saved = registry.save(
        options.name,
        Path(options.path),
        version=options.version,
        alias=options.alias,
        metadata=metadata or None,
        idempotency_key=options.key,
    )
    return str(saved.ref)
