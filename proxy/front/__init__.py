"""What stands before the doors: the log, the counters, headers, leaving callers, a new configuration."""
