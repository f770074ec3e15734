"""Report to chart: one small function a chart, and renderers that carry exactly its values."""
