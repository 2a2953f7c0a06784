"""`/rest/{method}`: the one URL of the protocol, with and without `.view`, by GET and by form."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.security import APIKeyQuery

from services.media.dialects.subsonic import (
    answers,
    browsing,
    continuing,
    listening,
    lists,
    lyrics,
    managing,
    playlists,
    podcasts,
    retrieval,
    searching,
    shares,
    signing_in,
    system,
)
from services.media.dialects.subsonic.failures import NoSuchMethod
from services.media.dialects.subsonic.frame import METHODS, OPEN, Answer, Call, Signed
from services.media.dialects.subsonic.parameters import Parameters
from services.media.world import World
from shared.addresses import client_address
from shared.errors import Problem
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Body, shell
from shared.shell import Shell

FAMILIES = (  # importing them fills METHODS and OPEN
    browsing,
    continuing,
    listening,
    lists,
    lyrics,
    managing,
    playlists,
    podcasts,
    retrieval,
    searching,
    shares,
    system,
)
PREFIX = "/rest/"
ANYWHERE = {"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"}  # web players of any site
SUFFIX = ".view"
SHOWN: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/xml": {}, "application/json": {}, "application/javascript": {}, "audio/*": {}, "image/*": {}}}
}

router = new_router()
_key = APIKeyQuery(name="apiKey", auto_error=False, description="Of a player; or `u` with `p`, or `u` with `t` and `s`.")


@router.head("/rest/{method}", include_in_schema=False)
@router.post("/rest/{method}", response_class=Response, responses=SHOWN, tags=["rest"])
@router.get("/rest/{method}", response_class=Response, responses=SHOWN, tags=["rest"])
def call_method(request: Request, method: str, body: Body, _documented: Annotated[Any, Depends(_key)]) -> Response:
    """A method of the OpenSubsonic protocol (opensubsonic.netlify.app): `ping`, `getAlbumList2`, `stream` and so on, for any
    player that speaks it. Answers XML, or JSON with `f=json`; what fails is HTTP 200 with status `failed` and a number.
    """
    parameters = Parameters.of(request.scope["query_string"], body, request.headers.get("content-type", ""))
    request.state.parameters = parameters
    answers.check(parameters)
    answer = _answer(request, method.removesuffix(SUFFIX), parameters)
    if not isinstance(answer, Response):
        return answers.succeeded(answer, parameters)
    answer.headers.update(ANYWHERE)
    return answer


def render(request: Request, problem: Problem) -> Response:
    """What goes wrong under `/rest/`, whoever found it."""
    return answers.failed(problem, getattr(request.state, "parameters", None) or _readable(request))


def _answer(request: Request, name: str, parameters: Parameters) -> Answer:
    mine, media = shell(request), _media(request)
    if name in OPEN:
        return OPEN[name](Call(request, parameters, mine, media))
    if name not in METHODS:
        raise NoSuchMethod(parameter=name[:40])
    method = METHODS[name]
    by = signing_in.let_in(media.players, parameters, address=_address(request, mine))
    request.state.user_id = str(by.caller.id)
    if method.is_counted:
        mine.count(by.caller)
    return method.answer(Signed(request, parameters, mine, media, by))


def _media(request: Request) -> World:
    world: World = shell(request).world
    return world


def _address(request: Request, mine: Shell) -> str:
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    return client_address(forwarded, request.client.host if request.client else "", mine.settings.trusted_networks)


def _readable(request: Request) -> Parameters:
    """The query's format at least, where reading it all has failed."""
    return Parameters({name: request.query_params.getlist(name) for name in ("f", "callback")})
