"""The registry: YAML files read, checked and linked into one immutable snapshot of entries."""
