"""The services on a real PostgreSQL, under a virtual clock and one seed: see docs/engineers/simulation.md."""
