"""The function host: runs registered functions."""

from hosts.function.host import FunctionHost

__all__ = ["FunctionHost"]
