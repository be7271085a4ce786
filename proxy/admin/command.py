"""Purges from the command line: on the boards of the shared tiers, or through a server."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from proxy.admin.orders import order_of, purges_of
from proxy.cache.building import shared_tiers
from proxy.cache.store import ByteLRU
from proxy.cache.tiers import Tiers
from proxy.config import Config, ConfigError
from proxy.services import Registry

#: Seconds to wait for a server.
SECONDS = 30.0


async def purge_boards(config: Config, registry: Registry, data: dict[str, Any]) -> list[str]:
    """Write purges where every worker looks for them twice a second; the services they concern.

    Raises:
        ConfigError: nothing is shared, or a tier cannot be reached.
        ProxyError: the order is wrong.
    """
    # Servers are often started with more workers than the file says.
    workers = max(2, config.server.workers)
    config = config.model_copy(update={"server": config.server.model_copy(update={"workers": workers})})
    tiers = Tiers(ByteLRU(0), shared_tiers(config))
    if not tiers.shared:
        raise ConfigError("no tier of the cache is shared: name the server to ask with --server")
    tiers.purges.adopt(await tiers.news())
    purges = purges_of(order_of(data), registry, tiers.purges)
    told = await tiers.post(purges)
    await tiers.close()
    if not told:
        raise ConfigError("a tier of the cache cannot be reached; see the log")
    return [purge.service for purge in purges]


def purge_server(url: str, token: str, data: dict[str, Any]) -> Sequence[str]:
    """Ask a server to purge; the services it names.

    Raises:
        ConfigError: it cannot be reached, or refuses.
    """
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"{url}: a URL that begins with http:// or https:// is expected")
    request = urllib.request.Request(
        f"{url.rstrip('/')}/admin/purge",
        json.dumps(data).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            found: list[str] = json.load(answer)["purged"]
            return ["" if name == "*" else name for name in found]
    except urllib.error.HTTPError as error:
        with error:
            said = error.read(500).decode(errors="replace")
        raise ConfigError(f"{url}: {error.code} {said}") from error
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"{url}: {error}") from error
