"""A player of somebody's, speaking OpenSubsonic through the gateway."""

import hashlib
from typing import Any
from xml.etree import ElementTree

import httpx2

from tests.people import Person

SALT = "c19b2d"
XML = "{http://subsonic.org/restapi}"


class Player:
    """Signs in with an API key, unless a call brings its own credentials."""

    def __init__(self, person: Person) -> None:
        added = person.post("/api/user/players", {"name": "Phone"}).json()
        self.http = person.http
        self.id: str = added["id"]
        self.key: str = added["api_key"]
        self.password: str = added["app_password"]
        self.username = person.email

    def get(self, method: str, **asked: Any) -> httpx2.Response:
        """The bare answer."""
        headers = {"Authorization": "", "Range": asked.pop("range", "")}
        shown = {} if asked.keys() & {"apiKey", "u", "p", "t", "s"} else {"apiKey": self.key}
        sent = {name: value for name, value in headers.items() if value}
        return self.http.get(f"/rest/{method}", params={"v": "1.16.1", "c": "tests", **shown, **asked}, headers=sent)

    def ask(self, method: str, **asked: Any) -> dict[str, Any]:
        """What is under `subsonic-response`, as JSON has it."""
        answer = self.get(method, f="json", **asked)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["subsonic-response"]
        return found

    def told(self, method: str, **asked: Any) -> dict[str, Any]:
        """The same of a call that must succeed."""
        found = self.ask(method, **asked)
        assert found["status"] == "ok", found
        return found

    def refused(self, method: str, **asked: Any) -> int:
        """The number of the failure."""
        found = self.ask(method, **asked)
        assert found["status"] == "failed", found
        number: int = found["error"]["code"]
        return number

    def xml(self, method: str, **asked: Any) -> ElementTree.Element:
        """The answer's tree as XML, the protocol's default."""
        answer = self.get(method, **asked)
        assert answer.headers["content-type"].startswith("text/xml"), answer.text
        return ElementTree.fromstring(answer.content)

    def salted(self) -> dict[str, str]:
        """Token and salt of the app password."""
        token = hashlib.md5((self.password + SALT).encode(), usedforsecurity=False).hexdigest()
        return {"u": self.username, "t": token, "s": SALT}
