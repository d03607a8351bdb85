"""The table of operation types: what each computes on arrays, a file for each family."""
