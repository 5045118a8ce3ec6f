"""The workflow host."""
