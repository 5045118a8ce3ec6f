"""The sans-IO core: runs a script's tasks, channels, mailbox and timers; imports no I/O, no clock, no randomness."""
