"""What a child of media's nursery can be told to do. The nursery alone loads this, and with it the parsers."""

from collections.abc import Callable, Mapping
from typing import Any

from services.media.processing import encoder, inspector, meter, painter

COMMANDS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "probe": inspector.probe,
    "look": inspector.look,
    "measure": meter.measure,
    "paint": painter.paint,
    "encode": encoder.encode,
}
