"""The warehouse at reference scale: builds, days of work, questions. Run: `python -m benchmarks.warehouse all --size 1500x12`."""
