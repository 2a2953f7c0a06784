"""The documentation page: Swagger UI, served from here, over what each service says of itself at `/openapi/<service>.json`."""

from http import HTTPStatus
from pathlib import Path

from apiflask import APIBlueprint
from flask import Response, render_template_string, send_from_directory

from shared import services

STATIC = Path(__file__).parent.parent / "static"
DOCUMENT = "/openapi/auth.json"
CACHE_SECONDS = 3600
# Swagger UI writes style attributes; it needs no eval and nothing from elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "Cross-Origin-Opener-Policy": "same-origin"}

routes = APIBlueprint("documentation", __name__)


@routes.get("/api/docs", endpoint="show_api_docs")
@routes.get("/docs")
def show_docs() -> Response:
    """This documentation, as a page."""
    page = render_template_string((STATIC / "docs.html").read_text(), services=services.names())
    return Response(page, headers=HEADERS, content_type="text/html; charset=utf-8")


@routes.get("/api/docs.json")
def show_document() -> Response:
    """What auth says of itself, at the address that Sinuzoid's README names."""
    return Response(status=HTTPStatus.FOUND, headers={"Location": DOCUMENT})


@routes.get("/docs/<name>")
@routes.doc(hide=True)
def show_part(name: str) -> Response:
    """A script or a style sheet of the page."""
    return send_from_directory(STATIC, name, max_age=CACHE_SECONDS)
