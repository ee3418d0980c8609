# The product's processes with services from outside: set DATABASE_URL, REDIS_URL, SECRET_KEY,
# CREDENTIAL_KEYS and PUBLIC_URL. Runs the web process; for the others give a line of the Procfile as the
# command, for example `python -m workers.run push`.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 BIND_HOST=0.0.0.0 PORT=8000
WORKDIR /srv/syncflow

COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps --editable . && useradd --system --no-create-home syncflow

USER syncflow
EXPOSE 8000
CMD ["gunicorn", "-c", "syncflow/gunicorn.py", "admin.web:create_web_app()"]
