# The API's image: no torch, so it is a gigabyte smaller than the worker's and starts in seconds.
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY assayflow assayflow
COPY service service
COPY workers workers
COPY models models
COPY migrations migrations
RUN python -m venv /opt/assayflow \
    && /opt/assayflow/bin/pip install --no-cache-dir -c constraints.txt '.[parquet]'

FROM python:3.11-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libexpat1 libxext6 libxrender1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home assayflow \
    && install --directory --owner=assayflow /var/lib/assayflow
COPY --from=build /opt/assayflow /opt/assayflow
ENV PATH=/opt/assayflow/bin:$PATH PYTHONUNBUFFERED=1 MPLCONFIGDIR=/tmp/matplotlib
USER assayflow
WORKDIR /home/assayflow
EXPOSE 8000
# Alive, not ready: a queue without a worker is no reason to start the API anew.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
CMD ["assayflow", "api"]
