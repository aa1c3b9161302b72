# Weighbridge with everything the demo needs. How to run it, and why it takes these rights: docs/install.md
FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
        bubblewrap ca-certificates libgomp1 make python3 python3-venv util-linux \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /weighbridge
COPY . .
RUN scripts/install.sh
ENV PATH=/weighbridge/.venv/bin:$PATH
CMD ["weighbridge", "--help"]
