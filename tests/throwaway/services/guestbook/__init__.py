"""A service that exists in tests alone: a guestbook, with one table of every kind of policy.

It shows what adding a service takes (this folder, a line in routes.yml, an entry in compose), and lets tests reach
every mechanism of `shared` over HTTP. It owns nothing that matters.
"""
