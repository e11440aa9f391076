# syntax=docker/dockerfile:1
# The operator as a static binary on distroless: no shell, no package manager, not root. docs/running.md says how to build it.

# The binary is linked with glibc's static library, so the final image needs nothing but the certificates of distroless/static.
# Images are pinned by version; pin them by digest too where the build must not change by itself (see docs/running.md).
ARG RUST=1.95.0
FROM rust:${RUST}-slim-trixie AS build
WORKDIR /src
COPY . .
# Made on another machine at another time, the same sources give the same bytes: locked dependencies, no paths, no dates.
ARG SOURCE_DATE_EPOCH=0
ENV CARGO_TARGET_DIR=/target SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH}
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/target \
    sh image/build /out

# What is in the binary, in CycloneDX. `docker build --target sbom --output . .` writes it.
FROM scratch AS sbom
COPY --from=build /out/lambda-operator.cdx.json /

FROM gcr.io/distroless/static-debian13:nonroot
COPY --from=build /out/lambda-operator /usr/local/bin/lambda-operator
COPY --from=build /out/lambda-operator.cdx.json /usr/share/sbom/lambda-operator.cdx.json
USER 65532:65532
EXPOSE 8080
LABEL org.opencontainers.image.title="lambda-operator" \
      org.opencontainers.image.description="A Kubernetes operator that makes AWS Lambda a native part of a cluster" \
      org.opencontainers.image.licenses="Apache-2.0"
ENTRYPOINT ["/usr/local/bin/lambda-operator"]
CMD ["run"]
