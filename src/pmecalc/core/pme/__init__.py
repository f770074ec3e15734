"""Public market equivalents, one file a method."""
