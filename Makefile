# run: build the index where it is missing or stale and serve the chat; test: lint, types, tests.
PYTHON ?= python3.11
BIN := .venv/bin
LOCK := .ci/install $(wildcard .ci/requirements/*.txt)
# Three for two cores: a test waits for browsers and servers two fifths of its time.
WORKERS := $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 4 ? cores + 1 : 4)))
# What a browser did not show in time is looked at once more; anything else that fails has failed.
PATIENCE := --reruns 1 --only-rerun 'Locator expected' --only-rerun 'Timeout .*ms exceeded'

.PHONY: run test check eval fit figures highlights screenshots prove bench audit lock clean

run: .venv/run.stamp
	$(BIN)/ct-assistant build
	exec $(BIN)/ct-assistant serve

test: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python tests/axe.py
	$(BIN)/pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PATIENCE)

check: .venv/run.stamp
	$(BIN)/ct-assistant check

# The acceptance set of the sample papers, compared with the committed baseline.
eval: .venv/run.stamp
	$(BIN)/ct-assistant build --corpus docs_corpus --index var/eval/index
	$(BIN)/ct-assistant eval tests/questions/sample.jsonl --index var/eval/index --out var/eval/run --overwrite
	$(BIN)/ct-assistant compare tests/questions/baseline var/eval/run

# Fit assistant/coefficients.json on the tune halves; ../shared holds the papers of two of the sets.
fit: .venv/run.stamp
	$(BIN)/ct-assistant build --corpus docs_corpus --index var/fit/sample
	$(BIN)/ct-assistant build --corpus ../shared/seeds --index var/fit/seeds
	$(BIN)/ct-assistant build --corpus ../shared/corpus --index var/fit/papers
	$(BIN)/python tests/benchmarks/fit.py tests/questions/sample.jsonl:var/fit/sample \
	    tests/questions/seeds.jsonl:var/fit/seeds tests/questions/papers.jsonl:var/fit/papers

# The table in README: the report halves of the three sets, over the indexes that `fit` built.
figures: .venv/run.stamp
	for set in seeds papers sample; do \
	    $(BIN)/ct-assistant eval tests/questions/$$set.jsonl --index var/fit/$$set --out var/runs/$$set --overwrite \
	        || exit; \
	done
	$(BIN)/python tests/benchmarks/figures.py var/runs/seeds var/runs/papers var/runs/sample
	$(BIN)/python docs/readme.py

# Is what the viewer marks what was quoted? Over the runs of `figures`.
highlights: .venv/test.stamp
	for set in seeds:../shared/seeds papers:../shared/corpus sample:docs_corpus; do \
	    name=$${set%%:*}; echo "$$name"; \
	    $(BIN)/python tests/benchmarks/highlights.py var/runs/$$name var/fit/$$name $${set#*:} --blocks 100 || exit; \
	done

# The pictures in docs/, over the sample papers.
screenshots: .venv/test.stamp
	$(BIN)/ct-assistant build --corpus docs_corpus --index var/screenshots
	ASSISTANT_CORPUS=docs_corpus ASSISTANT_INDEX=var/screenshots $(BIN)/python docs/take_screenshots.py

# The long proofs: each writes its figure into docs/reliability.md; `make prove PROOFS="kills disk"` runs some.
PROOFS := documents kills disk damage publishing workers models records load soak restarts
prove: .venv/test.stamp
	failed=""; for proof in $(PROOFS); do \
	    echo "$$proof"; PYTHONPATH=tests $(BIN)/python -m proofs.$$proof || failed="$$failed $$proof"; \
	done; test -z "$$failed" || { echo "not kept:$$failed"; exit 1; }

# The product beside its peers into docs/performance.md: PEERS their adapters and texts, LAB their environments.
bench: .venv/test.stamp
	$(BIN)/python tests/benchmarks/bench.py $(if $(PEERS),--peers $(PEERS) --lab $(LAB)) $(BENCH)

# The stamps hold what was installed: any change of the lock or of pyproject.toml installs again.
.venv/run.stamp: pyproject.toml $(LOCK)
	$(PYTHON) -m venv .venv
	.ci/install run
	touch $@

.venv/test.stamp: pyproject.toml $(LOCK) .ci/system-packages
	$(PYTHON) -m venv .venv
	.ci/install run test
	.ci/system-packages
	touch $@ .venv/run.stamp

# Known vulnerabilities of the locked packages; says so where their list cannot be reached.
audit: .venv/test.stamp
	$(BIN)/python .ci/audit.py

# Lock what pyproject.toml names anew: every version stays that is there, unless UPGRADE=1.
lock:
	$(PYTHON) .ci/lock.py $(if $(UPGRADE),--upgrade)

clean:
	rm -rf .venv build *.egg-info
