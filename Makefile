# Aliases; start.py does the work.
.PHONY: run test check bench

run:
	python3 start.py

test:
	python3 start.py test

check:
	python3 start.py check

bench:
	python3 start.py bench
