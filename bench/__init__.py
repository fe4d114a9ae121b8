"""Repeatable benchmarks: each prints ratios against a reference taken in the same run."""
