# Everything a newcomer needs; the same commands in production are those of `caudal --help`.
SIZE ?= demo
PYTEST ?=
JOBS ?= 2
CAUDAL := .venvs/caudal/bin/caudal
export DO_NOT_TRACK := 1

.PHONY: help setup demo stop test lint doctor bench bench-warehouse bench-dashboards clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

setup: ## the Python environments, from uv.lock
	@bin/setup demo

demo: setup ## everything, from a synthetic Odoo to the dashboard (SIZE=tiny is quicker)
	@$(CAUDAL) up --size $(SIZE)

stop: ## end what `make demo` started; the data stays under .caudal/
	@if [ -x $(CAUDAL) ]; then $(CAUDAL) down; fi

lint: ## ruff
	@bin/setup test
	@.venvs/caudal/bin/ruff check .

test: lint ## lint and all tests, on real servers, two files at a time (PYTEST="-k name" for some; JOBS=0 for one after the other)
	@.venvs/caudal/bin/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(PYTEST)

doctor: setup ## what is missing on this machine, and how to get it
	@$(CAUDAL) doctor

bench: SIZE = reference
bench: ## replication against COPY, odoorpc, dlt and pandas (run it alone on the machine; SIZE=small for a look)
	@bin/setup bench
	@.venvs/caudal/bin/python -m benchmarks.replication all --size $(SIZE)

bench-warehouse: SIZE = 15000x60
bench-warehouse: ## the warehouse at scale: full build, a day of work, every chart (hours; alone on the machine; SIZE=1500x12 for a look)
	@bin/setup bench
	@.venvs/caudal/bin/python -m benchmarks.warehouse all --size $(SIZE)

bench-dashboards: ## the charts of what `make demo` left running: cold, cached, 50 viewers, raw tables, memory (nothing else on the machine)
	@bin/setup bench
	@.venvs/caudal/bin/python -m benchmarks.dashboards all

clean: stop ## delete the data and the environments
	rm -rf .caudal .venvs .tools build-artifacts
