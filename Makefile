.DEFAULT_GOAL := help
.PHONY: help env lock serve test quick units loops soak soak-hostile lint names bench-numbers bench-serving bench-storage clean

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
LOCKS := requirements.lock requirements-dev.lock requirements-uv.lock

help:            ## show the targets
	@grep -hE '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/'

env: $(STAMP)    ## make the environment in .venv

# Dependencies come hash-locked; the package itself is then installed without resolving anything.
$(STAMP): $(LOCKS) pyproject.toml hatch_build.py package-lock.json
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements-dev.lock requirements-uv.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $(STAMP)

serve: env       ## start the service with the demo funds on http://127.0.0.1:8000
	$(BIN)/pme serve --demo --data .venv/demo-data

# What loads a server or counts its waits has the machine to itself; the rest shares its cores, three
# at a time on two, as many wait for a server or a page.
SHARING := $(patsubst %,tests/functional/%.py,access/test_discretion access/test_headers access/test_keys \
	access/test_matrix access/test_modes access/test_quota access/test_schema_true access/test_sessions \
	test_api test_bad_files test_cli test_cli_batch test_compute_lane test_examples test_fast_lane test_file_names test_flows \
	test_generated_client test_guard test_jobs test_json_bodies test_lanes_off test_log_markers test_manners test_nginx test_no_redirects \
	test_once test_preconditions test_problem_lists test_recallable test_repeats \
	test_tenants)
SLOWEST := --durations=15 --durations-min=1
ALONE := $(filter-out $(SHARING),$(wildcard tests/functional/test_*.py tests/functional/*/test_*.py))

test: env        ## lint, types, floors and all tests
	$(MAKE) --no-print-directory --jobs=2 --output-sync lint loops
	$(BIN)/pytest -n 3 --dist loadfile $(SLOWEST) $(ALONE:%=--ignore=%)
	$(BIN)/pytest $(SLOWEST) $(ALONE)

quick: env       ## lint, unit tests and a tenth of each property's examples, in a minute
	$(MAKE) --no-print-directory --jobs=2 --output-sync lint units

# Left out: the compiled loops (Numba is hidden), doctests, and the tests that kill processes of the
# store. All of them run in `make test`.
units: env
	PME_EFFORT=quick $(BIN)/pytest -q -p no:schemathesis -n 2 --dist loadfile tests/unit tests/properties \
		--ignore=tests/unit/store/test_kills.py --ignore=tests/unit/store/test_crashes.py

# The tests start many processes, each of which would compile for a minute.
loops: env       ## compile the numeric loops; they are kept on disk
	$(BIN)/pme compile

soak: env        ## the tests that take longer: kills, faults and loads at full length
	$(BIN)/pytest -m soak -s
	PME_EFFORT=long $(BIN)/pytest tests/properties

soak-hostile: env ## one tenant does its worst for ten minutes; the other's answers and ratios
	$(BIN)/pytest -m soak -s tests/functional/test_hostile.py

lint: env        ## format, lint, types and floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/lint-imports

names: env       ## write the files that list public names for type checkers
	$(BIN)/python tools/write_names.py

bench-numbers: env ## ratios of the numeric engine to its peers (BENCH_JSON=FILE keeps them)
	$(BIN)/python -P benchmarks/numeric_engine.py  # -P: its name is also that of a standard module

bench-serving: env ## our hits beside a bare server, other caches and nginx (BENCH_JSON=FILE keeps them)
	$(BIN)/python -P benchmarks/serving.py

bench-storage: env ## times of commits, undo, reads and pointers
	$(BIN)/python -P benchmarks/storage.py

lock:            ## renew the lock files (hashes, no addresses)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" pyproject.toml --extra all -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" pyproject.toml --extra all --group dev -o requirements-dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" requirements-uv.in -o requirements-uv.lock

clean:           ## remove the environment and the caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
