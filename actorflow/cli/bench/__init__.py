"""Benchmarks: what this machine does with actorflow, beside what its parts can do at best."""
