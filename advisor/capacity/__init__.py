"""Latencies + workload -> transactions per second. Pure."""
