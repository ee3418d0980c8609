"""What support looks at: over all merchants, without what may name a person."""
