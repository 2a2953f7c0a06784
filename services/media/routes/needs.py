"""What media's endpoints ask for besides what every service's may."""

from typing import Annotated

from fastapi import Depends, Request

from services.media.world import World
from shared.fastapi_app.guards import shell


def _world(request: Request) -> World:
    world: World = shell(request).world
    return world


Media = Annotated[World, Depends(_world)]
