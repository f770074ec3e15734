"""Use cases: what the API and the command line ask for, in the product's own words."""
