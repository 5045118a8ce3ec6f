"""The process host: actors on one run queue inside one trio task."""

from hosts.process.host import ProcessHost

__all__ = ["ProcessHost"]
