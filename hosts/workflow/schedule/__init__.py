"""Schedules: services that start runs at the times of a cron expression or an interval."""
