"""The console's views, a file for each area."""
