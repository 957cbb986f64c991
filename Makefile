# Everything a fresh machine needs that has Go and make is set up here.

GO      ?= go
BIN     := bin
PREFIX  ?= /usr/local
# How long each fuzz target runs in "make test" and in "make fuzz".
FUZZTIME ?= 3s

export CGO_ENABLED := 0

.PHONY: all build test race fuzz-short fuzz lint demo bench cross install uninstall generate clean

all: build

build: ## the three programs, in bin/
	$(GO) build -trimpath -o $(BIN)/ ./cmd/...

test: lint ## everything: unit tests with the race detector, the lab, a short fuzz of every decoder
	CGO_ENABLED=1 $(GO) test -race -shuffle=on -timeout 15m $$($(GO) list ./... | grep -v /internal/endtoend)
	$(GO) test -shuffle=on -timeout 10m ./internal/endtoend
	$(MAKE) fuzz-short

fuzz-short: ## every fuzz target for FUZZTIME each, from its committed corpus
	@set -e; for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "fuzz $$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package; \
		done; \
	done

fuzz: ## every fuzz target for an hour each
	$(MAKE) fuzz-short FUZZTIME=1h

lint: ## gofmt, vet, staticcheck, a tidy go.mod
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not gofmt'd:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff

demo: build ## the main job, played in a network lab where that is allowed, else on loopback
	$(GO) run ./internal/demo $(BIN)

bench: build ## the figures, each beside its bound
	$(GO) run ./internal/figures $(BIN)

cross: ## the programs for every system we build for, in dist/
	@set -e; for target in linux/amd64 linux/arm64 linux/arm darwin/arm64 windows/amd64 freebsd/amd64; do \
		echo "$$target"; mkdir -p dist/$$target; \
		GOOS=$${target%/*} GOARCH=$${target#*/} $(GO) build -trimpath -o dist/$$target/ ./cmd/...; \
	done

generate: ## the protobuf code, with protoc
	$(GO) generate ./...

install: build ## programs and systemd units (see docs/OPERATIONS.md)
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 0755 $(BIN)/rendezvous $(BIN)/peerd $(BIN)/peerctl $(DESTDIR)$(PREFIX)/bin/

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/rendezvous $(DESTDIR)$(PREFIX)/bin/peerd $(DESTDIR)$(PREFIX)/bin/peerctl

clean:
	rm -rf $(BIN) dist
