# The product's processes, with services from outside; docs/operators/deploying.md says how to run it.
# The image runs the web process; for the others give a line of the Procfile as the command.
# The bases are pinned by exact tags: put the digests of those you tested behind them, and raise them with each release.
ARG PYTHON=python:3.12.12-slim-bookworm
ARG NODE=node:22.20.0-bookworm-slim

FROM ${NODE} AS app
WORKDIR /srv/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci --ignore-scripts --omit=dev --no-audit --no-fund
COPY frontend ./
RUN npm run build

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /srv/syncflow
COPY requirements.txt ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --require-hashes --only-binary :all: -r requirements.txt
COPY . .
RUN /opt/venv/bin/pip install --no-deps --editable . \
    && /opt/venv/bin/python -m compileall -q app admin workers syncflow migrations \
    && /opt/venv/bin/pip uninstall --yes pip

FROM ${PYTHON}
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ENVIRONMENT=production \
    BIND_HOST=0.0.0.0 \
    PORT=8000
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin syncflow
WORKDIR /srv/syncflow
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/syncflow /srv/syncflow
COPY --from=app /srv/frontend/dist /srv/syncflow/frontend/dist
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "-I", "-S", "syncflow/alive.py"]
CMD ["gunicorn", "-c", "syncflow/gunicorn.py", "admin.web:create_web_app()"]
