"""The children that parse and judge what people send to sessions."""

from shared.children import Nursery

parsers = Nursery("services.sessions.commands")
