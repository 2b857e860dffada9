"""Runs the vectors of sign-in, and prints what differs.

Arguments: the file of the vectors, the URL of a server that answers, that of one that redirects, and
a folder.
"""

import base64
import json
import os
import pathlib
import sys
import time

from holdfast import HoldfastError
from holdfast.client import sign_in
from holdfast.client.address import address, is_private
from holdfast.client.connection import Connection

VECTORS = json.loads(pathlib.Path(sys.argv[1]).read_text("utf-8"))
URL, REDIRECTING, FOLDER = sys.argv[2:]
NOW = 1_893_456_000


def check(found, expected, *case):
    if found != expected:
        print(found, "instead of", expected, *case)


def outcome(call):
    try:
        return call()
    except HoldfastError as error:
        return error.code


def token_with(payload):
    parts = ['{"alg":"RS256"}', payload, "signature"]
    encoded = (base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
    return ".".join(encoded)


def write(logins):
    file = pathlib.Path(FOLDER, "holdfast", "logins.json")
    file.parent.mkdir(exist_ok=True)
    text = logins if isinstance(logins, str) else json.dumps({"format": 1, "logins": logins})
    file.touch(0o600)
    file.write_text(text, "utf-8")
    return file


def addresses():
    for each in VECTORS["addresses"]:
        expected = each.get("python", each["is"])
        check(outcome(lambda: address(each["url"])), expected or "Invalid", each)
    for each in VECTORS["private"]:
        check(is_private(each["url"]), each["is"], each)


def services():
    for each in VECTORS["services"]:
        write({address(each["signedIn"]): VECTORS["login"]})
        check(bool(sign_in.SignIn(each["used"])), each["sent"], each)


def tokens():
    for each in VECTORS["tokens"]:
        connection = Connection(f"{URL}/echo", each["token"], 10)
        sent = outcome(lambda: connection.json("GET", "x")["authorization"])
        check(sent, each.get("python", each["sent"]) or "Invalid", each)


def redirects():
    for number, each in enumerate(VECTORS["redirects"]):
        connection = Connection(f"{REDIRECTING}/{number}", "secret", 10)
        outcome(lambda: connection.json(each["method"], "x", again=False))


def folders():
    for each in VECTORS["folders"]:
        for name in ("XDG_CONFIG_HOME", "HOME", "USERPROFILE"):
            os.environ.pop(name, None)
        os.environ.update(each["env"])
        file = sign_in.login_file()
        check(file and file.as_posix(), each["is"], each)
    os.environ["XDG_CONFIG_HOME"] = FOLDER


def logins():
    for each in VECTORS["logins"]:
        login = {**VECTORS["login"], **each.get("change", {})}
        for member in each.get("without", ()):
            del login[member]
        file = write(each.get("text") or "") if "text" in each else write({"https://h": login})
        if each.get("text", "") is None:
            file.unlink()
        found = outcome(lambda: "used" if "https://h" in sign_in.read_logins() else "none")
        check(found, "Invalid" if each["is"] == "damaged" else each["is"], each["name"])


def claims():
    for each in VECTORS["claims"]:
        token = token_with(each["payload"]) if "payload" in each else each["token"]
        found = sign_in.claims_of(token)
        if found is not None:
            found["expiresAtMs"] = int(found.pop("exp") * 1000)
        check(found, each["is"], each)


def login_of(path, **changes):
    login = {**VECTORS["login"], "issuer": URL, "tokenEndpoint": f"{URL}/{path}", **changes}
    return {name: value for name, value in login.items() if value is not None}


def margins():
    now, time.time = time.time, lambda: NOW
    for each in VECTORS["margins"]:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(NOW + each["leftS"]))
        refresh_token = "r" if each["renews"] else None
        path = f"margins/{each['answer']}"
        login = login_of(path, token="old", expiresAt=moment, refreshToken=refresh_token)
        write({"https://h": login})
        found = outcome(sign_in.SignIn("https://h"))
        check(found if found in ("old", "Denied", "Unavailable") else "new", each["is"], each)
    time.time = now


def renewals():
    for number, each in enumerate(VECTORS["renewals"]):
        kind = each.get("kind", "access_token")
        audience = VECTORS["login"]["clientId" if kind == "id_token" else "audience"]
        parameters = VECTORS["request"]["parameters"]
        changes = {"kind": kind, "audience": audience, "parameters": parameters}
        login = login_of(f"renewals/{number}", **changes)
        found = outcome(lambda: sign_in.renew(login, lambda state: HoldfastError("Denied", state)))
        word = {"Denied": "ended", "Unavailable": "later"}.get(str(found), "renewed")
        check(word, each["is"], each["name"], found)
        if word == "renewed":
            check(found["refreshToken"], each["refreshToken"], each["name"])
            check(found["expiresAt"], "2100-01-01T00:00:00.000Z", each["name"])
            check(sign_in.is_login(found), True, each["name"])


os.environ["XDG_CONFIG_HOME"] = FOLDER
for section in (addresses, services, tokens, redirects, folders, logins, claims, margins, renewals):
    section()
print("ended")
