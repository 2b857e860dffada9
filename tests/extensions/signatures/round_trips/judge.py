"""Signs and verifies folders with model_signing: a list of tasks as JSON in, a list of errors out."""

import json
import pathlib
import socket
import sys

from model_signing import hashing, signing, verifying


def refuse(*_):
    raise OSError("the network is off")


socket.socket.connect = refuse


def run(task):
    hashed = hashing.Config().set_ignored_paths(
        paths=task["ignored"], ignore_git_paths=not task["git"]
    )
    if task["does"] == "sign":
        signer = signing.Config()
        if "chain" in task:
            signer.use_certificate_signer(
                private_key=task["private_key"],
                signing_certificate=task["certificate"],
                certificate_chain=[pathlib.Path(task["chain"])],
            )
        else:
            signer.use_elliptic_key_signer(private_key=task["private_key"])
        signer.set_hashing_config(hashed).sign(task["folder"], task["signature"])
        return
    verifier = verifying.Config()
    if "root" in task:
        verifier.use_certificate_verifier(certificate_chain=[pathlib.Path(task["root"])])
    else:
        verifier.use_elliptic_key_verifier(public_key=task["public_key"])
    if task["git"]:
        verifier.set_hashing_config(hashed)
    verifier.verify(task["folder"], task["signature"])


def outcome(task):
    try:
        run(task)
        return None
    except Exception as error:
        return f"{type(error).__name__}: {error}"


json.dump([outcome(task) for task in json.load(sys.stdin)], sys.stdout)
