"""A member of staff, for tests to sign in as."""

PASSWORD = "a password of staff"
ADDRESS = "sam@syncflow.example"
