"""Replication over RPC against a bare odoorpc loop over the same pages. Run: `python -m benchmarks.replication --size tiny`."""
