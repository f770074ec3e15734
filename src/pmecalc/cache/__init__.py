"""Finished answers, kept near: the room may miss, it never lies and never fails a request."""
