"""Report to files."""
