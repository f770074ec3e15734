"""HTTP: FastAPI routes over the service, with every error a problem document."""
