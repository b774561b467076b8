# One static binary and the certificates it needs to reach Slack, AWS and Azure DevOps.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /out/fedbot ./cmd/fedbot \
 && mkdir -p /out/var/lib/fedbot

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/fedbot /usr/local/bin/fedbot
COPY --from=build --chown=nonroot:nonroot /out/var/lib/fedbot /var/lib/fedbot
# The store, its socket and its pid file. One process at a time, on a local disk.
VOLUME /var/lib/fedbot
WORKDIR /var/lib/fedbot
# Slack's requests and /healthz: set slack.listen to 0.0.0.0:7071, and put TLS in front of it.
EXPOSE 7071
HEALTHCHECK --interval=30s --timeout=6s --start-period=20s CMD ["/usr/local/bin/fedbot", "healthcheck"]
USER nonroot:nonroot
ENTRYPOINT ["/usr/local/bin/fedbot"]
CMD ["serve", "--config", "/etc/fedbot/fedbot.yaml"]
