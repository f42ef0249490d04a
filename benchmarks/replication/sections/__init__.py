"""One file a question. Each has `measure(bench) -> Section`; rounds go A B A B …, so that a slow minute of the machine falls on both."""
