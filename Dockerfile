# rdcalcium with its GPU backend:
#   docker build -t rdcalcium .
#   docker run --rm --gpus all --user "$(id -u):$(id -g)" -v "$PWD:/work" rdcalcium run keller2015
# Without --gpus the same image computes on the CPU cores. The tests run while it is built.

# CuPy's own kernels include the toolkit's headers, which the runtime image lacks.
FROM nvidia/cuda:12.9.1-devel-ubuntu24.04 AS toolkit

FROM nvidia/cuda:12.9.1-runtime-ubuntu24.04 AS package
COPY --from=toolkit /usr/local/cuda-12.9/targets/x86_64-linux/include /usr/local/cuda-12.9/targets/x86_64-linux/include

# g++ compiles the kernels for CPU cores; the lib* are what gmsh links and VTK opens to draw without a screen.
# The base image pins the Ubuntu release; its security updates are welcome.
# hadolint ignore=DL3008
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      g++ \
      libegl1 \
      libfontconfig1 \
      libgl1 \
      libglu1-mesa \
      libgomp1 \
      libx11-6 \
      libxcursor1 \
      libxext6 \
      libxfixes3 \
      libxft2 \
      libxinerama1 \
      libxrender1 \
      python3 \
      python3-venv \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 10001 rdcalcium \
 && chmod 1777 /home/rdcalcium \
 && install -d -o rdcalcium /opt/rdcalcium /opt/venv /work

# Compiled kernels are cached in the home folder, which any --user may write.
USER 10001
ENV HOME=/home/rdcalcium PATH=/opt/venv/bin:$PATH
WORKDIR /opt/rdcalcium
COPY --chown=10001 . .
RUN python3 -m venv /opt/venv \
 && pip install --no-cache-dir --editable '.[cuda12]'

FROM package AS tested
RUN pip install --no-cache-dir --editable '.[cuda12,dev]' \
 && OMP_NUM_THREADS=1 pytest -n auto \
 && touch /tmp/tests-passed

# A stage is built only when something is copied from it: no image without passing tests.
FROM package
COPY --from=tested /tmp/tests-passed /opt/rdcalcium/.tests-passed
WORKDIR /work
ENTRYPOINT ["rdcalcium"]
CMD ["--help"]
