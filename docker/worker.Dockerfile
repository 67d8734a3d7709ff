# The worker's image: the same distribution with the science. TORCH selects the build of torch 2.13.0:
# the plain requirement brings CUDA libraries on Linux; a CPU host may name its own wheel.
FROM python:3.11-slim AS build
ARG TORCH=torch==2.13.0
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY assayflow assayflow
COPY service service
COPY workers workers
COPY models models
COPY migrations migrations
RUN python -m venv /opt/assayflow \
    && /opt/assayflow/bin/pip install --no-cache-dir "$TORCH" \
    && /opt/assayflow/bin/pip install --no-cache-dir -c constraints.txt '.[worker]'

FROM python:3.11-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev libexpat1 libgomp1 libxext6 libxrender1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home assayflow \
    && install --directory --owner=assayflow /var/lib/assayflow
COPY --from=build /opt/assayflow /opt/assayflow
ENV PATH=/opt/assayflow/bin:$PATH PYTHONUNBUFFERED=1 ASSAYFLOW_DATA_DIR=/var/lib/assayflow
USER assayflow
WORKDIR /home/assayflow
VOLUME /var/lib/assayflow
CMD ["assayflow", "worker"]
