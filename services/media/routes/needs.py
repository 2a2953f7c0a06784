"""What media's endpoints ask for besides what every service's may."""

from typing import Annotated

from fastapi import Depends, Request

from services.media.world import World


def _world(request: Request) -> World:
    world: World = request.app.state.media
    return world


Media = Annotated[World, Depends(_world)]
