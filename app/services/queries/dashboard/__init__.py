"""What a merchant sees first. All of it is read from sums and from what is open, never from every row."""
