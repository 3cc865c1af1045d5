"""Work that runs outside of requests: a queue in the database, schedules, and the worker."""
