"""The people who run SyncFlow: who they are (`people`), how they come in (`sign_in`, `sessions`), and the
record of what they do (`acting`)."""
