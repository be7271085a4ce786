"""The server: where it listens, how much it renders at once, and what it keeps."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, field_validator

from proxy.config.base import Model
from proxy.model import Effort


class LogFormat(StrEnum):
    """How lines of the log are written."""

    CONSOLE = "console"
    JSON = "json"


class ServerConfig(Model):
    """Where and how the server listens.

    Attributes:
        base_url: public address, when the request's own host and scheme are not to be trusted.
        context: first path segment of the ArcGIS door.
        trust_forwarded: believe `X-Forwarded-*` of the proxy in front.
        cors_origins: origins allowed by CORS, `*` for all.
        open_at_start: look at every source when the server starts, rather than when first asked for.
        secret: signs links to rendered pictures, and tokens; made at random when absent.
        admin_token: lets its bearer purge the cache, as keys of administrators do.
        watch: look out for changes of the configuration file, and take them over.
        drain_seconds: how long requests are still taken after the server was told to stop, while `/readyz`
            already says no.
        shutdown_seconds: how long what has begun may take to end after that.
        access_log: a line for each request.
        log_format: `console` or `json`.
        metrics: answer at `/metrics`.
    """

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    workers: int = Field(1, ge=1, le=256)
    base_url: str | None = None
    context: str = Field("arcgis", pattern=r"^[A-Za-z0-9_\-]+$")
    trust_forwarded: bool = True
    cors_origins: tuple[str, ...] = ("*",)
    secret: SecretStr | None = None
    admin_token: SecretStr | None = Field(None, min_length=16)
    open_at_start: bool = True
    access_log: bool = False
    log_format: LogFormat = LogFormat.CONSOLE
    metrics: bool = True
    watch: bool = True
    drain_seconds: float = Field(0.0, ge=0, le=600)
    shutdown_seconds: float = Field(10.0, ge=0, le=600)


class RenderConfig(Model):
    """How much is rendered at once.

    Attributes:
        threads: renders at a time, 0 for the number of cores.
        queue: renders that may wait; beyond it the answer is 503.
        seconds: longest a caller waits for one picture.
        open_files: idle open datasets kept for the next request.
        block_cache_mb: decoded blocks kept in each process.
        effort: of the PNG encoder.
        slow_seconds: requests that take longer are logged so that they can be sent again; 0 for none.
    """

    threads: int = Field(0, ge=0, le=256)
    queue: int = Field(256, ge=1)
    seconds: float = Field(60.0, gt=0)
    open_files: int = Field(128, ge=1)
    block_cache_mb: int = Field(256, ge=0)
    effort: Effort = Effort.FAST
    slow_seconds: float = Field(5.0, ge=0)


def _switch(value: object) -> object:
    # YAML reads `off` and `on` as truth values.
    return {False: "off", True: "auto"}[value] if isinstance(value, bool) else value


class CacheConfig(Model):
    """The tiers that pictures are kept in, and how long sources are taken to be what they were.

    Attributes:
        memory_mb: pictures in each process.
        href_seconds: how long a link to a picture is good for.
        disk: folder shared by the workers of a machine; `off`; or `auto`, a folder of the state where there
            are several workers.
        disk_mb: most that the folder may take.
        redis: URL of a server shared by machines: `redis://`, `rediss://` or `unix://`.
        redis_cluster: the URL is that of one node of a cluster.
        redis_days: days that a picture stays in Redis.
        redis_seconds: longest wait for its answer, after which it is left alone for a while.
        namespace: first part of all names in Redis, for servers that share one and differ in their data.
        lock_seconds: longest that a worker waits for the picture that another one renders; 0: never.
        revalidate: seconds between looks at the version of a remote source.
    """

    memory_mb: int = Field(256, ge=0)
    href_seconds: int = Field(600, ge=10)
    disk: Annotated[str, BeforeValidator(_switch), Field(min_length=1)] = "auto"
    disk_mb: int = Field(4096, ge=16)
    redis: SecretStr | None = None
    redis_cluster: bool = False
    redis_days: float = Field(7.0, gt=0, le=365)
    redis_seconds: float = Field(0.25, gt=0, le=10)
    namespace: str = Field("cogproxy", pattern=r"^[A-Za-z0-9_.\-]{1,64}$")
    lock_seconds: float = Field(10.0, ge=0, le=600)
    revalidate: float = Field(60.0, ge=0.1)

    @field_validator("redis")
    @classmethod
    def _known_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        # The URL may hold a password: the message does not repeat it.
        if value is not None and not value.get_secret_value().startswith(
            ("redis://", "rediss://", "unix://")
        ):
            raise ValueError("a URL that begins with redis://, rediss:// or unix://")
        return value


class CredentialsConfig(Model):
    """A credentials profile for buckets. What it leaves out comes from the environment or the machine's role.

    Attributes:
        endpoint: of a store that is not its provider's own, such as MinIO or a local emulator.
        anonymous: nothing is signed.
        requester_pays: whoever reads pays, of S3.
        account, account_key, sas_token: of Azure.
        service_account_file: of Google Cloud, a JSON key on this machine.
        gdal: further options of GDAL. store: further options of obstore.
    """

    access_key_id: SecretStr | None = None
    secret_access_key: SecretStr | None = None
    session_token: SecretStr | None = None
    region: str | None = None
    endpoint: str | None = None
    anonymous: bool = False
    requester_pays: bool = False
    account: str | None = None
    account_key: SecretStr | None = None
    sas_token: SecretStr | None = None
    service_account_file: str | None = None
    gdal: dict[str, SecretStr] = {}
    store: dict[str, SecretStr] = {}
