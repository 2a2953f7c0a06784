"""One folder a service. A service exists when its folder exists: `shared.services.names()` reads this list."""
