"""A player of somebody's, speaking OpenSubsonic through the gateway. What it is told must hold against the specification."""

import hashlib
from typing import Any
from xml.etree import ElementTree

import httpx2

from tests.media.subsonic import conformance
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

    def send(self, method: str, **form: Any) -> dict[str, Any]:
        """The same by `formPost`, of a call that must succeed."""
        sent = {"apiKey": self.key, "v": "1.16.1", "c": "tests", "f": "json", **form}
        answer = self.http.post(f"/rest/{method}.view", data=sent, headers={"Authorization": ""})
        found = conformance.held(method, answer)
        assert found["status"] == "ok", found
        return found

    def ask(self, method: str, **asked: Any) -> dict[str, Any]:
        """What is under `subsonic-response`, as JSON has it; it holds against the specification."""
        return conformance.held(method, self.get(method, f="json", **asked))

    def sees(self, method: str, **asked: Any) -> Any:
        """What an answer is about, which is the same in JSON and in XML, but where a job has told more of a song meanwhile."""
        found, in_xml = self.told(method, **asked), conformance.held(method, self.get(method, f="xml", **asked))
        if not conformance.same(found, in_xml):
            found = self.told(method, **asked)
        if not conformance.same(found, in_xml):
            found = self.told(method, **asked)
        assert conformance.same(found, in_xml), f"{method}: {found} and as XML {in_xml}"
        [key] = conformance.ANSWERS[method]
        return found[key]

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
