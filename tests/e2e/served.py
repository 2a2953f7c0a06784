"""Print every route that a service serves, as `METHOD path` lines: run with the environment of its own process."""

import sys

from fastapi.routing import APIRoute

from shared import services


def main(service: str) -> None:
    """Make the application and list it."""
    app = services.module(service, "app").create()
    if hasattr(app, "url_map"):
        for rule in app.url_map.iter_rules():
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                print(method, rule.rule.replace("<uuid:", "<").replace("<", "{").replace(">", "}"))
    else:
        for route in walk(app.routes):
            for method in sorted(route.methods - {"HEAD", "OPTIONS"}):
                print(method, route.path)


def walk(routes):
    """Every APIRoute, also behind included routers."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        else:
            yield from walk(getattr(getattr(route, "original_router", route), "routes", []))


if __name__ == "__main__":
    main(sys.argv[1])
