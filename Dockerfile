# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE config.yaml ./
COPY proxy ./proxy
RUN pip install --no-cache-dir --prefix=/install \
    ".[cubes,geoparquet,indices,otel,pmtiles,redis,stac,vector]"

FROM python:3.13-slim
# Two malloc arenas: many threads that allocate large arrays otherwise keep memory that none of them uses.
ENV PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    OPENBLAS_NUM_THREADS=1 \
    XDG_CACHE_HOME=/var/cache \
    COGPROXY_SERVER__HOST=0.0.0.0
COPY --from=build /install /usr/local
# Catalogs and the disk tier lie below /var/cache/cogproxy unless `state` names another folder.
RUN useradd --system --uid 10001 --no-create-home cogproxy \
 && install -d -o cogproxy /var/cache/cogproxy /var/lib/cogproxy
USER cogproxy
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
ENTRYPOINT ["cogproxy"]
CMD ["serve"]
