# Everything a fresh machine needs that has Go and make is set up here.

GO      ?= go
BIN     := bin
PREFIX  ?= /usr/local
# How many inputs each fuzz target gets in "make test". A count, because a duration now and then ends in a false
# "context deadline exceeded" (go.dev/issue/75804, mended in Go 1.27). FUZZ=wire fuzzes the packages with that in their path.
FUZZTIME ?= 20000x
FUZZ     ?= .
# What reads others' bytes is tested with int of 32 bits, too: lengths that fit one of 64 are negative there.
DECODERS := ./wire ./roster ./peer/transfer ./peer/seal ./internal/invite
# Debian packages that the tests need: the race detector's, a home router that makes port mappings, another language
# in which a client of the original protocol is written, a terminal to drive the chat in, a desktop's bus, other
# people's opinion of our units, TLS and signatures, and what a release is made of.
PACKAGES := gcc libc6-dev miniupnpd-nftables python3 tmux dbus-daemon systemd openssl openssh-client git
# What "cross" and "release" build for, and an SSH key that signs a release.
TARGETS  ?= linux/amd64 linux/arm64 linux/arm darwin/arm64 windows/amd64 freebsd/amd64
SIGN     ?=

export CGO_ENABLED := 0

.PHONY: all help build setup test fuzz-short fuzz lint demo bench matrix cross release install uninstall generate clean chaos flood race

all: build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

build: ## the three programs, in bin/
	$(GO) build -trimpath -o $(BIN)/ ./cmd/...

# STUN clients that are not ours have a package of their own since Debian 13. The older one starts a TURN server,
# unless that is masked first; "systemctl unmask coturn" for who wants it.
setup: ## what the tests need besides Go: missing Debian packages are installed when this is root, else named
	@missing=; for package in $(PACKAGES); do \
		test "$$(dpkg-query -W -f '$${db:Status-Status}' $$package 2>&1)" = installed || missing="$$missing $$package"; \
	done; \
	command -v turnutils_stunclient >/dev/null && stun= || stun=coturn-utils; \
	if test -z "$$missing$$stun"; then exit 0; fi; \
	if test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null; then \
		echo "missing packages, without which tests will fail: apt-get install$$missing $$stun" >&2; exit 0; \
	fi; \
	export DEBIAN_FRONTEND=noninteractive; apt-get update -qq >/dev/null; \
	if test -n "$$stun" && ! apt-cache show $$stun >/dev/null 2>&1; then \
		stun=coturn; mkdir -p /etc/systemd/system; ln -sf /dev/null /etc/systemd/system/coturn.service; \
	fi; \
	echo "installing$$missing $$stun"; apt-get install -qq -y --no-install-recommends $$missing $$stun >/dev/null

# Compiled without the race detector even in its stage, which is five times as fast where there is SQLite: that is C in Go's
# clothes, whose memory comes from the system and not from Go, so that the detector passes over every access to it. The driver
# that hands it our bytes is watched. The other one computes a table whenever a program starts, and has no goroutine.
UNWATCHED := modernc.org/sqlite/lib github.com/mattn/go-runewidth

# A program under the race detector takes a second to exit, unless GORACE says otherwise.
# The second line is without -race: what it looks at are the real programs, in processes of their own, as they are
# released; the race detector sees this process only, and would make the lab's timing another one. -trimpath, as in a
# release, so that packages are compiled once for both. Four labs at a time, because they wait more than they compute.
test: setup lint ## everything: unit tests with the race detector, the lab, a short fuzz of every decoder
	CGO_ENABLED=1 GORACE=atexit_sleep_ms=10 $(GO) test -race $(UNWATCHED:%=-gcflags=%=-race=false) -shuffle=on -timeout 15m $$($(GO) list ./... | grep -v -e /internal/endtoend -e /internal/chaos$$ -e /internal/release$$)
	$(GO) test -trimpath -shuffle=on -timeout 15m -p 1 -parallel 4 ./internal/endtoend ./internal/chaos ./internal/release
	test "$$($(GO) env GOOS GOARCH | tr '\n' ' ')" != "linux amd64 " || GOARCH=386 $(GO) test $(DECODERS)
	$(MAKE) fuzz-short

fuzz-short: ## every fuzz target for FUZZTIME each, from its committed corpus
	@set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; cache=$$($(GO) env GOCACHE)/fuzz; \
	for package in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u | grep '$(FUZZ)'); do \
		$(GO) test -c -fuzz . -o "$$dir/fuzz" $$package; \
		for target in $$("$$dir/fuzz" -test.list '^Fuzz'); do \
			echo "fuzz $$package $$target"; \
			(cd $$package; "$$dir/fuzz" -test.run '^$$' -test.fuzz "^$$target\$$" -test.fuzztime $(FUZZTIME) \
				-test.fuzzminimizetime 10x -test.fuzzcachedir "$$cache/peerd/$${package#./}"); \
		done; \
	done

fuzz: ## every fuzz target with ten million inputs each; FUZZ=wire for those of some packages
	$(MAKE) fuzz-short FUZZTIME=10000000x

lint: ## gofmt, vet, staticcheck, a tidy go.mod
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not gofmt'd:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags failpoint ./internal/failpoint
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff

# Bars of time are for programs as they are released; on a slow machine some are missed here, which counts no less.
race: ## the lab's stories, with programs that look for data races in themselves
	dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; set -e; CGO_ENABLED=1 $(GO) build -race -o "$$dir/" ./cmd/...; \
	GORACE="log_path=$$dir/report" ENDTOEND_BINARIES="$$dir" $(GO) test -count=1 -timeout 40m ./internal/endtoend || failed=1; \
	if cat "$$dir"/report.* 2>/dev/null; then failed=1; fi; test -z "$$failed"

demo: build ## the main job, played in a network lab where that is allowed, else on loopback
	$(GO) run ./internal/demo $(BIN)

bench: build ## the figures, each beside its bound
	$(GO) run ./internal/figures $(BIN)

chaos: ## kill -9, power cuts, full disks, bad networks, wrong clocks, and what became of every message; CHAOS="-only REGEXP -times N" for some
	$(GO) run ./internal/chaos/run $(CHAOS)

flood: build ## floods against the real rendezvous, and what honest logins notice of each; FLOOD="-only REGEXP -for DURATION" for some
	$(GO) run ./internal/flood/run $(FLOOD) $(BIN)

matrix: build ## every pair of NATs, twenty meetings each, into docs/NAT.md; MATRIX="-cells REGEXP -runs N" for some of it
	$(GO) run ./internal/matrix/measure -keep docs/nat-matrix.jsonl -write docs/NAT.md $(MATRIX) $(BIN)

cross: ## the programs for every system we build for, in dist/; TARGETS="linux/arm64" for some
	@set -e; for target in $(TARGETS); do \
		echo "$$target"; mkdir -p dist/$$target; \
		GOOS=$${target%/*} GOARCH=$${target#*/} $(GO) build -trimpath -o dist/$$target/ ./cmd/...; \
	done

release: ## archives, bill of materials and checksums of the commit, in dist/; SIGN=KEYFILE signs them
	$(GO) run ./internal/release/run -out dist $(if $(SIGN),-key "$(SIGN)") $(TARGETS)

generate: ## the protobuf code, with protoc
	$(GO) generate ./...

# What install puts below $(DESTDIR)$(PREFIX). Systemd, sysctl and the shells look there
# for PREFIX=/usr/local and PREFIX=/usr.
PROGRAMS   := rendezvous peerd peerctl
UNITS      := lib/systemd/system/rendezvous.service lib/systemd/system/peerd.service lib/systemd/user/peerd.service
SETTINGS   := lib/sysusers.d/peerd.conf lib/sysctl.d/60-peerd.conf
BASH       := share/bash-completion/completions
ZSH        := share/zsh/site-functions
FISH       := share/fish/vendor_completions.d
INSTALLED  := $(PROGRAMS:%=bin/%) $(UNITS) $(SETTINGS) \
	$(PROGRAMS:%=$(BASH)/%) $(PROGRAMS:%=$(ZSH)/_%) $(PROGRAMS:%=$(FISH)/%.fish)

# It builds nothing: "sudo make install" must not need root's own Go.
install: ## what make build has built, systemd units, sysctl settings and completions, below DESTDIR and PREFIX
	@for program in $(PROGRAMS); do \
		test -x "$(BIN)/$$program" || { echo "error: $(BIN)/$$program is not built yet: make build" >&2; exit 1; }; \
	done
	@set -e; umask 022; to="$(DESTDIR)$(PREFIX)"; \
	for file in $(INSTALLED); do mkdir -p "$$to/$$(dirname $$file)"; done; \
	install -m 0644 deploy/systemd/rendezvous.service deploy/systemd/peerd.service "$$to/lib/systemd/system/"; \
	install -m 0644 deploy/systemd/user/peerd.service "$$to/lib/systemd/user/"; \
	install -m 0644 deploy/systemd/sysusers.d/peerd.conf "$$to/lib/sysusers.d/"; \
	install -m 0644 deploy/sysctl.d/60-peerd.conf "$$to/lib/sysctl.d/"; \
	for program in $(PROGRAMS); do \
		install -m 0755 "$(BIN)/$$program" "$$to/bin/"; \
		"$(BIN)/$$program" completion bash > "$$to/$(BASH)/$$program"; \
		"$(BIN)/$$program" completion zsh > "$$to/$(ZSH)/_$$program"; \
		"$(BIN)/$$program" completion fish > "$$to/$(FISH)/$$program.fish"; \
	done; \
	echo "installed below $$to"

uninstall: ## remove what install put there; state directories stay
	cd "$(DESTDIR)$(PREFIX)" && rm -f $(INSTALLED)

clean: ## remove what was built
	rm -rf $(BIN) dist
