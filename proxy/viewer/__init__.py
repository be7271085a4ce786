"""Pages for people: directory, map and snippets."""

from proxy.viewer.routes import routes

__all__ = ["routes"]
