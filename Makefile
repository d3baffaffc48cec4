# Two commands on a fresh machine with Python 3.11 and make:
#   make demo   trains on handwritten digits and writes the results to demo/
#   make test   runs the tests
PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= tensorflow,dev,docs
BIN = $(VENV)/bin
RUN = demo/run

.PHONY: demo test test-all lint docs clean

$(VENV)/.made-%: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[$*]"
	touch $@

demo: $(VENV)/.made-tensorflow
	rm -rf demo
	$(BIN)/isthmus train digits --recipe conv-vae-fast --epochs 20 --out $(RUN)
	$(BIN)/isthmus reconstruct $(RUN) digits --out demo/reconstructions
	$(BIN)/isthmus sample $(RUN) -n 64 --out demo/samples.png
	$(BIN)/isthmus sample $(RUN) -n 64 --label 7 --out demo/label-7.png
	$(BIN)/isthmus explore $(RUN) --export demo/explore.html
	@echo
	@echo "Open     demo/explore.html                      the latent space, to explore in a browser"
	@echo "         $(RUN)/report.html                   the metrics and the diagnosis"
	@echo "         demo/samples.png                       64 samples"
	@echo "         demo/label-7.png                       64 samples of the label 7"
	@echo "         demo/reconstructions/comparison.png    digits beside their reconstructions"
	@echo "         $(RUN)/pictures/training.gif         the training as an animation"

test: $(VENV)/.made-$(EXTRAS)
	$(BIN)/python -m pytest -n auto --dist worksteal --durations=25

# What `make test` leaves out: JAX and PyTorch, where they are installed, pages of the documentation that train
# networks, and tests that repeat others at length.
test-all: test
	$(BIN)/python -m pytest -n auto --dist worksteal --durations=25 -m thorough

lint: $(VENV)/.made-$(EXTRAS)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.made-$(EXTRAS)
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

clean:
	rm -rf $(VENV) demo build dist docs/_build
