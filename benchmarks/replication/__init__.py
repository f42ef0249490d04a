"""Replication against COPY, odoorpc, dlt and pandas. Run: `python -m benchmarks.replication all --size small`."""
