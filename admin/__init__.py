"""The support console at /admin, for the people who run SyncFlow: Flask-Admin with pages of our own.

It is there in the web process only (`web.py`): workers do without Flask-Admin's memory. It acts through
`app.services` and nothing else, and every action of its is recorded by `app.services.staff.acting.record`.
"""
