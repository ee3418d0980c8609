"""What is measured: the catalogue of metrics, and what each process counts (docs/adr/0019)."""
