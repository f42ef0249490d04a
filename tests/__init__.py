"""Tests of Caudal, by folder as the code is. A package, since some libraries leave a `tests` of their own where Python would find it first."""
