"""The children that parse what people send to media."""

from shared.children import Nursery

parsers = Nursery("services.media.processing.commands")
