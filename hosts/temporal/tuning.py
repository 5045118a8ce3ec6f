"""The options of a worker entry in the words of the SDK, and what it has no word for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import WorkerDeploymentConfig

from actorflow.errors import invalid

_PLAIN: Final = {
    "max_concurrent_activity_execution_size": "max_concurrent_activities",
    "max_concurrent_workflow_task_execution_size": "max_concurrent_workflow_tasks",
    "max_concurrent_local_activity_execution_size": "max_concurrent_local_activities",
    "max_concurrent_nexus_task_execution_size": "max_concurrent_nexus_tasks",
    "max_concurrent_activity_task_pollers": "max_concurrent_activity_task_polls",
    "max_concurrent_workflow_task_pollers": "max_concurrent_workflow_task_polls",
    "max_cached_workflows": "max_cached_workflows",
}
_RATES: Final = {
    "worker_activities_per_second": "max_activities_per_second",
    "task_queue_activities_per_second": "max_task_queue_activities_per_second",
}
_SPANS: Final = {
    "sticky_schedule_to_start_timeout": "sticky_queue_schedule_to_start_timeout",
    "worker_stop_timeout": "graceful_shutdown_timeout",
    "max_heartbeat_throttle_interval": "max_heartbeat_throttle_interval",
    "default_heartbeat_throttle_interval": "default_heartbeat_throttle_interval",
}
_LACKING: Final = {
    "max_concurrent_session_execution_size": "sessions are of the SDK for Go",
    "max_concurrent_nexus_task_pollers": "Nexus tasks are not served",
    "worker_local_activities_per_second": "the SDK for Python has no such limit",
    "deadlock_detection_timeout": "scripts are held to limits.slice instead",
    "enable_session_worker": "sessions are of the SDK for Go",
    "enable_logging_in_replay": "scripts log once, never on replay",
    "disable_registration_aliasing": "names are registered as they are",
    "local_activity_worker_only": "use disable_workflow_worker on another worker",
}
_BEHAVIORS: Final = {
    "": VersioningBehavior.UNSPECIFIED,
    "pinned": VersioningBehavior.PINNED,
    "auto_upgrade": VersioningBehavior.AUTO_UPGRADE,
}


def worker_arguments(entry: str, options: Any) -> dict[str, Any]:
    """Return the arguments of the SDK's worker.

    Raises:
        Error: kind Invalid, for options that contradict each other.
    """
    given: dict[str, Any] = {name: getattr(options, written) for written, name in _PLAIN.items()}
    given |= {name: getattr(options, written) or None for written, name in _RATES.items()}
    given |= {name: timedelta(microseconds=getattr(options, written) // 1000) for written, name in _SPANS.items()}
    if "max_heartbeat_throttle_interval" not in options.model_fields_set:  # a cancelled attempt hears of it with a sign
        given["max_heartbeat_throttle_interval"] = given["default_heartbeat_throttle_interval"]
    given["disable_eager_activity_execution"] = options.disable_eager_activities
    if options.max_concurrent_eager_activity_execution_size:
        given["max_eager_activity_reservations_per_workflow_task"] = (
            options.max_concurrent_eager_activity_execution_size
        )
    if options.identity:
        given["identity"] = options.identity
    return given | _versions(entry, options)


def _versions(entry: str, options: Any) -> dict[str, Any]:
    """Return the arguments about versions of the worker."""
    if not options.deployment_name:
        if options.use_versioning and not options.build_id:
            raise invalid(f"{entry}, worker_options.use_versioning: needs build_id, and deployment_name")
        build = {"build_id": options.build_id} if options.build_id else {}
        return {**build, "use_worker_versioning": True} if options.use_versioning else build
    if not options.build_id:
        raise invalid(f"{entry}, worker_options.deployment_name: needs build_id beside it")
    behavior = _BEHAVIORS[options.default_versioning_behavior]
    if options.use_versioning and behavior is VersioningBehavior.UNSPECIFIED:
        raise invalid(
            f"{entry}, worker_options.use_versioning: needs default_versioning_behavior, pinned or auto_upgrade"
        )
    version = WorkerDeploymentVersion(deployment_name=options.deployment_name, build_id=options.build_id)
    config = WorkerDeploymentConfig(
        version=version, use_worker_versioning=options.use_versioning, default_versioning_behavior=behavior
    )
    return {"deployment_config": config}


def lacking(options: Any) -> list[tuple[str, str]]:
    """Return the options that are written and that the SDK for Python has nothing for, each with what to know."""
    written = options.model_fields_set
    return [(name, advice) for name, advice in _LACKING.items() if name in written and _says_something(options, name)]


def _says_something(options: Any, name: str) -> bool:
    return bool(getattr(options, name) != type(options).model_fields[name].default)
