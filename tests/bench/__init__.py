"""Measurements, one JSON line each, every figure beside the limit measured in the same run.

    python -m tests.bench [--seconds 1.0] [name …]

The machine limits (`fdatasync`, SHA-256, raw signatures) come first; every later line names the one that
bounds it and the ratio. Numbers from a busy machine are ratios, not records.
"""
