"""The administrator's door."""

from proxy.admin.routes import routes

__all__ = ["routes"]
