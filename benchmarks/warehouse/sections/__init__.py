"""One file a question. Each has `measure(bench) -> Section`."""
