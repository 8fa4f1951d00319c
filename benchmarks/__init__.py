"""Benchmarks anyone can run: they write their own files and measure ratios within one run."""
