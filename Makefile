# make demo   the main job on an embedded model: installs, audits, writes a report and names it
# make test   the tests
# MODEL=smollm2 (98 MB) is the small taste; the default is qwen-0.5b (491 MB)
MODEL ?= qwen-0.5b
RUN ?= runs/demo-$(MODEL)
WEIGHBRIDGE = .venv/bin/weighbridge
export OMP_WAIT_POLICY = passive

.PHONY: demo test head-to-head install install-dev check calibrate clean

demo: install
	$(WEIGHBRIDGE) doctor --brief
	$(WEIGHBRIDGE) audit plans/demo-$(MODEL).toml --run $(RUN) --yes

head-to-head: install
	$(WEIGHBRIDGE) doctor --brief
	$(WEIGHBRIDGE) audit plans/head-to-head.toml --run runs/head-to-head --yes

test: install-dev
	.venv/bin/python -m pytest $(PYTEST)

check: install-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/pyright

install:
	scripts/install.sh

install-dev:
	scripts/install.sh --dev

calibrate: install
	$(WEIGHBRIDGE) calibrate

clean:
	rm -rf .venv .tools dist
