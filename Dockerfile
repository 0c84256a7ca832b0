# The image of the api and worker services: RARO and what it runs on, nothing that built it.

FROM node:22-bookworm-slim AS console
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci
COPY web ./
COPY examples ../examples
COPY raro/agents/templates ../raro/agents/templates
RUN npm run build

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 VIRTUAL_ENV=/opt/raro
COPY constraints-uv.txt constraints-runtime.txt ./
RUN python -m venv /opt/raro && python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes -r constraints-uv.txt \
    && /opt/build/bin/uv pip install --no-cache --require-hashes -r constraints-runtime.txt
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY raro raro
COPY --from=console /src/raro/console raro/console
RUN /opt/build/bin/uv build --wheel --build-constraints constraints.txt --out-dir /dist \
    && /opt/build/bin/uv pip install --no-cache --no-deps /dist/*.whl \
    && /opt/raro/bin/python -m raro.sandboxes.warm

FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends bubblewrap \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/raro --shell /usr/sbin/nologin raro
COPY --from=build /opt/raro /opt/raro
ENV PATH=/opt/raro/bin:$PATH PYTHONUNBUFFERED=1 RARO_STORAGE=/var/lib/raro
USER raro
VOLUME /var/lib/raro
EXPOSE 3000
CMD ["raro", "up", "--host", "0.0.0.0", "--port", "3000"]
