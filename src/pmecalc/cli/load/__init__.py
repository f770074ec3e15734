"""The load test: the real service under many users, driven from this process."""
