"""What the benchmarks share: figures, verdicts and tables."""
