"""The dashboard: static files that talk to the API, and nothing that computes."""
