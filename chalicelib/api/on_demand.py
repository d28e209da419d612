"""The app, which in a package imports the handlers of a route when the route is first asked for.

There are some fifty modules with handlers, and a process of the API answers requests to a few. Which modules a route
needs is written into the package when it is made: Chalice has to know all of them then.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from chalice.app import Chalice

from chalicelib.api import cors

TABLE = Path(__file__).with_name("modules_of_routes.json")


class App(Chalice):
    """A Chalice app whose routes may be registered later."""

    def __init__(self, app_name: str) -> None:
        super().__init__(app_name=app_name, configure_logs=False)  # the logger of that name is ours (observability.py)
        self._registered: set[str] = set()
        self._modules: dict[str, list[str]] = {}
        if TABLE.exists():
            self._modules = json.loads(TABLE.read_text(encoding="utf-8"))

    @property
    def on_demand(self) -> bool:
        """Whether routes are registered when they are asked for."""
        return bool(self._modules)

    def register(self, modules: Iterable[str]) -> None:
        """Register the routes of these modules, unless that is done on demand."""
        if not self.on_demand:
            for module in modules:
                self._register(module)

    def load(self, path: str) -> None:
        """Register all routes of a path, such as `/v1/accounts/{account_id}`."""
        for module in self._modules.get(path, ()):
            self._register(module)

    def load_all(self) -> None:
        """Register all routes."""
        for path in self._modules:
            self.load(path)

    def modules_of_routes(self) -> dict[str, list[str]]:
        """The modules with the handlers of each path."""
        modules: defaultdict[str, set[str]] = defaultdict(set)
        for path, methods in self.routes.items():
            modules[path] |= {entry.view_function.__module__ for entry in methods.values()}  # of the handler it wraps
        return {path: sorted(names) for path, names in sorted(modules.items())}

    def __call__(self, event: dict[str, Any], context: Any) -> Any:
        if event.get("httpMethod") == "OPTIONS":
            return cors.preflight(event)
        self.load(event["requestContext"].get("resourcePath", ""))
        return super().__call__(event, context)

    def _register(self, module: str) -> None:
        if module not in self._registered:
            self._registered.add(module)
            self.register_blueprint(import_module(module).routes.blueprint)
